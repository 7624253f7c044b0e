/* What the Rust side asks of Wireshark's headers. bindgen reads this file; `build.rs` names the few types, functions and
 * constants that are wanted, so that everything else in the headers stays opaque. */
#include "glue.h"

#include <ws_version.h>

#include <epan/expert.h>
#include <epan/ftypes/ftypes.h>
#include <epan/packet.h>
#include <epan/proto.h>
#include <wsutil/wmem/wmem.h>
