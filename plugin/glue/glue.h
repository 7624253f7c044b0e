/* What the C beside Wireshark and the Rust core tell each other: plain data, no Wireshark types but the ones handed through.
 *
 * The division of labour: C meets Wireshark, and every call that may longjmp (dissectors, tree, columns) is made from C, when no
 * Rust frame is on the stack. Rust reads bytes that C lends it for the length of one call, and answers with lists that live in the
 * packet's memory pool. */
#ifndef WORKERMANCHAT_GLUE_H
#define WORKERMANCHAT_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/proto.h>

/* Wireshark's truth value: an int before it became a bool. The header's own callback says which; preferences are of it too. */
typedef __typeof__(((heur_dissector_t)NULL)(NULL, NULL, NULL, NULL)) wmc_truth;

/* Captured bytes, lent for one call. `reported` says how many there were on the wire. */
struct wmc_bytes {
    const uint8_t *data;
    uint32_t captured;
    uint32_t reported;
};

struct wmc_endpoint {
    uint8_t address[16];
    uint8_t address_length;
    bool chat_port; /* the port is the chat's by preference or Decode As */
    uint16_t port;
};

/* One TCP segment, as its header says it. */
struct wmc_segment {
    uint32_t frame;
    uint32_t stream; /* tcp.stream */
    int64_t time;    /* nanoseconds since the epoch */
    bool first_pass; /* Wireshark sees this frame for the first time */
    struct wmc_endpoint source;
    struct wmc_endpoint destination;
    uint32_t sequence; /* raw */
    uint32_t acknowledgment;
    uint16_t flags;
    struct wmc_bytes payload;
};

/* Where a line stands. The first three are trees that Wireshark built. */
enum wmc_layer { WMC_LAYER_TCP, WMC_LAYER_HTTP, WMC_LAYER_WEBSOCKET, WMC_LAYER_MESSAGE, WMC_LAYERS };

enum wmc_type {
    WMC_GROUP,    /* text */
    WMC_TEXT,     /* text */
    WMC_UNSIGNED, /* number */
    WMC_BOOLEAN,  /* number */
    WMC_IPV4,     /* number, in host order */
    WMC_DURATION, /* number: nanoseconds, signed */
    WMC_FINDING   /* expert, text */
};

/* One line of a tree. All text is valid UTF-8 without NUL; it is data, never a format. */
struct wmc_item {
    enum wmc_layer layer;
    enum wmc_type type;
    int parent; /* an earlier item's index, or -1 for the layer's own tree */
    int field;  /* registered field, for all but findings */
    expert_field *expert;
    int start; /* the bytes it highlights, in the message; length 0 for none */
    int length;
    bool generated;
    int64_t number;
    const char *text;
};

struct wmc_plan {
    const struct wmc_item *items;
    uint32_t count;
    const char *title; /* of the message's tree; NULL when the plan draws no message */
    const char *info;  /* the message for the Info column, or what a handshake or ACK packet adds to it; may be NULL */
};

/* What data on a chat port looks like. */
enum wmc_start { WMC_START_OTHER, WMC_START_SHORT, WMC_START_HTTP, WMC_START_UPGRADED, WMC_START_WEBSOCKET };

/* What is to be registered with Wireshark. */
struct wmc_registration {
    const char *name;
    const char *short_name;
    const char *filter_name;
    hf_register_info *fields;
    int field_count;
    ei_register_info *findings;
    int finding_count;
};

struct wmc_language {
    const char *tag;  /* the preference's value: en, zh-CN ... */
    const char *name; /* in the language itself */
};

struct wmc_settings {
    int language; /* index */
    bool tree;    /* a tree is wanted; if not, findings and columns are enough */
    bool annotate_tcp;
    bool annotate_info;
};

/* The Rust core. No function panics or longjmps; a plan is NULL where there is nothing to show. */
struct wmc_core {
    struct wmc_registration (*registration)(void);
    const struct wmc_language *languages;
    size_t language_count;
    /* A capture file is opened or closed: forget everything. */
    void (*reset)(void);
    /* Whether there is anything to learn from a segment or to say of it. Its stream need not be known yet. */
    bool (*concerns)(const struct wmc_segment *segment);
    /* What data on a chat port is, when no WebSocket dissector has been given the connection. */
    enum wmc_start (*classify)(const struct wmc_segment *segment, struct wmc_bytes start);
    /* A TCP segment whose payload has been dissected; `sources` are the data sources that this took (reassembled, decrypted). */
    const struct wmc_plan *(*segment)(const struct wmc_segment *segment, const struct wmc_bytes *sources, size_t source_count,
                                      const struct wmc_settings *settings, wmem_allocator_t *pool);
    /* WebSocket data that is about to be dissected. `position` is its offset in the segment's payload, or -1 when it was
     * reassembled or decrypted. */
    void (*frames)(const struct wmc_segment *segment, struct wmc_bytes data, int64_t position);
    /* A WebSocket message; NULL when it is not the chat's. `index`: how many messages of this segment came before. */
    const struct wmc_plan *(*message)(const struct wmc_segment *segment, uint32_t index, struct wmc_bytes message,
                                      const struct wmc_settings *settings, wmem_allocator_t *pool);
    /* The captured part of a message that Wireshark did not hand over, unmasked into the pool; data NULL when there is none.
     * `messages`: how many in this data it did hand over. */
    struct wmc_bytes (*rest)(struct wmc_bytes data, uint32_t messages, wmem_allocator_t *pool);
};

/* plugin/glue/glue.c */
void wmc_plugin_register(const struct wmc_core *core);
extern int wmc_proto;
/* What is registered, with nothing set but what Wireshark's headers want there before Wireshark sets it. */
extern const hf_register_info wmc_blank_field;
extern const ei_register_info wmc_blank_finding;
extern const expert_field wmc_blank_handle;
extern const value_string wmc_blank_name;

/* plugin/glue/draw.c */
void wmc_draw_init(int proto_tcp, int proto_http, int proto_websocket);
/* Returns the length of the Info column with the message. */
size_t wmc_draw_message(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);
/* Parts what other dissectors wrote behind the messages from them. */
void wmc_part_columns(packet_info *pinfo, size_t info_length);
void wmc_draw_segment(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned tcp_layer);
int *wmc_subtree(void);

/* plugin/glue/preferences.c */
void wmc_preferences_register(int proto, const struct wmc_core *core);
void wmc_preferences_handoff(dissector_handle_t by_port, dissector_handle_t by_decode_as);
bool wmc_is_chat_port(uint16_t port);
bool wmc_show_json(void);
const struct wmc_settings *wmc_settings(const proto_tree *tree);

#endif
