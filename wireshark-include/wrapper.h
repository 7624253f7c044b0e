/* The headers that bindgen reads. `build.rs` lists the types, functions and constants to generate; all other types are opaque. */
#include "glue.h"

#include <ws_version.h>

#include <epan/expert.h>
#include <epan/ftypes/ftypes.h>
#include <epan/packet.h>
#include <epan/proto.h>
#include <wsutil/wmem/wmem.h>
