/* The interface between the C glue and the Rust core: plain data; Wireshark types are only passed through.
 *
 * C calls Wireshark. Every call that may longjmp (dissectors, tree, columns) is made from C while no Rust frame is on the stack.
 * Rust reads bytes that C lends it for one call, and returns arrays allocated in the packet's memory pool. */
#ifndef WORKERMANCHAT_GLUE_H
#define WORKERMANCHAT_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/proto.h>

/* Wireshark's boolean type, also of preferences: gboolean (an int) in older versions, bool in newer ones. Taken from the return type
 * of heur_dissector_t. */
typedef __typeof__(((heur_dissector_t)NULL)(NULL, NULL, NULL, NULL)) wmc_truth;

/* Captured bytes, lent for one call. `reported` is their number on the wire. */
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

/* A stream with this bit is a WebSocket connection that HTTP/2 carries: the lowest bits are tcp.stream, below WMC_SUBSTREAMS_OF, and the
 * bits between a number below WMC_SUBSTREAMS. */
#define WMC_SUBSTREAM 0x80000000u
#define WMC_SUBSTREAMS_OF 0x80000u
#define WMC_SUBSTREAMS 0x1000u

/* What a TCP header says, as it is on the wire. */
struct wmc_tcp {
    uint32_t sequence;
    uint32_t acknowledgment;
    uint32_t length; /* of the payload */
    uint16_t flags;
    uint16_t window;
};

/* A TCP segment, from its header. */
struct wmc_segment {
    uint32_t frame;
    uint32_t stream; /* tcp.stream */
    int64_t time;    /* nanoseconds since the epoch */
    bool first_pass; /* the frame has not been dissected before */
    struct wmc_endpoint source;
    struct wmc_endpoint destination;
    uint32_t sequence; /* raw */
    uint32_t acknowledgment;
    uint16_t flags;
    uint16_t identity; /* of a SYN: what one that is sent again has another of; 0 if nothing tells */
    struct wmc_bytes payload;
    bool tunnelled; /* its HTTP came through a proxy, by CONNECT or SOCKS */
    struct wmc_tcp tcp; /* also of what HTTP/2 carries, where the members above are of the connection that is carried */
};

/* The tree of an item. The first three are built by Wireshark's dissectors. */
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

/* One tree item. Text is valid UTF-8 without NUL and is never used as a format string. */
struct wmc_item {
    enum wmc_layer layer;
    enum wmc_type type;
    int parent; /* index of an earlier item, or -1 for the layer's tree */
    int field;  /* registered field; unused for WMC_FINDING */
    expert_field *expert;
    int start; /* the highlighted bytes, as offset in the message; length 0 for none */
    int length;
    bool generated;
    bool hidden;       /* not displayed: another line says the same */
    const char *label; /* the whole line; NULL for the field's name and value */
    int64_t number;
    const char *text;
};

/* What a tap reports: a message, or what a frame is below its messages. */
struct wmc_tap_event {
    uint32_t frame;
    uint32_t stream;
    uint32_t index; /* of a message: how many of the frame came before it; UINT32_MAX for what is below the messages */
    int64_t time;   /* nanoseconds since the epoch */
    bool by_server;
    const char *text; /* what is said, in one line */
    const char *problems; /* sentences of findings, a line each */
    uint32_t findings;    /* a bit for each finding that the packet itself shows */
    bool first_pass;      /* the frame has not been dissected before: Wireshark's own mark is set by the time that it taps */
    const struct wmc_segment *segment;
    struct wmc_bytes bytes; /* the message, unmasked; or the HTTP of a handshake. Lent while Wireshark taps */
};

/* A row of statistics that has changed. */
struct wmc_row {
    uint32_t place;
    int64_t parent; /* the place of the row that it stands under, which came before; -1 for the root */
    const char *name;
    bool is_parent;
    uint32_t count;
    const uint32_t *times; /* new response times, in microseconds */
    size_t time_count;
};

struct wmc_rows {
    const struct wmc_row *rows;
    size_t count;
};

/* An arrow of a flow graph. Lifelines are told apart by their names. */
struct wmc_arrow {
    const char *from; /* NULL if the arrow is a fault of the plugin's, which the label tells */
    const char *to;
    const char *label;
    const char *comment;
};

/* Who is at both ends of a message, by name; NULL for nobody that is known. A name is in filters if the field `user` has just this value. */
struct wmc_parties {
    const char *user;   /* of its connection */
    const char *sender; /* of a delivery to somebody else: who says it */
    bool user_in_filters;
    bool sender_in_filters;
};

/* What a packet belongs to, as a display filter is to show it. */
enum wmc_filter { WMC_FILTER_USER, WMC_FILTER_ROOM, WMC_FILTER_EXCHANGE, WMC_FILTER_CONNECTION, WMC_FILTERS };

struct wmc_plan {
    const struct wmc_tap_event *tap_event; /* NULL if no view taps */
    bool declined; /* of a message: it is not the chat's, as far as is known by now */
    const struct wmc_item *items;
    uint32_t count;
    const char *title; /* of the message's tree; NULL if it is not displayed */
    const char *info;  /* replaces (message) or stands before (segment) the text of the Info column; may be NULL */
};

/* The kind of the first data on a chat port. */
enum wmc_start { WMC_START_OTHER, WMC_START_SHORT, WMC_START_HTTP, WMC_START_RESPONSE, WMC_START_UPGRADED, WMC_START_WEBSOCKET };

/* What C registers with Wireshark. */
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
    const char *tag;  /* the preference's value: auto, en, zh-CN ... */
    const char *name; /* in the language itself */
};

/* A row of the user's own messages. */
struct wmc_own_message {
    struct wmc_bytes name;
    uint32_t meaning; /* a place in `meanings` */
};

struct wmc_settings {
    int language;    /* index */
    uint64_t wanted; /* a bit for each field that is looked at, in the order of registration */
    bool titles;     /* a tree is displayed */
    bool info;       /* there is an Info column */
    bool tap_events;  /* a view taps */
    bool annotate_tcp;
    bool annotate_info;
};

enum wmc_view { WMC_VIEW_TRANSCRIPT, WMC_VIEW_SESSIONS, WMC_VIEW_DIAGRAM, WMC_VIEW_USERS, WMC_VIEW_TIMES, WMC_VIEW_PAGE, WMC_VIEW_LIVE, WMC_VIEW_HTML };

/* What menus and buttons say. */
enum wmc_label {
    WMC_LABEL_TRANSCRIPT,
    WMC_LABEL_SESSIONS,
    WMC_LABEL_USERS,
    WMC_LABEL_TIMES,
    WMC_LABEL_DIAGRAM,
    WMC_LABEL_PAGE,
    WMC_LABEL_COUNTS,
    WMC_LABEL_WEB_PAGE,
    WMC_LABEL_GO_TO_PACKET,
    WMC_LABEL_APPLY_AS_FILTER,
    WMC_LABEL_LIMIT_TO_FILTER,
    WMC_LABEL_COPY,
    WMC_LABEL_SAVE_AS,
    WMC_LABEL_FILE,
    WMC_LABEL_SORT,
    WMC_LABEL_COLUMN,
    WMC_LABEL_PACKET_NUMBER,
    WMC_LABEL_NONE
};

/* The Rust core. No function panics or longjmps. A plan is NULL if there is nothing to show. */
struct wmc_core {
    /* `language_file`: the path of the file with Wireshark's own language. */
    struct wmc_registration (*registration)(const char *language_file);
    const struct wmc_language *languages;
    size_t language_count;
    /* What is to be said of a value of the preference that Wireshark has ignored because it is none of the languages; NULL if it is one, or
     * if that has been said. `preferences`: the path of the preferences file; `in_force`: index. Valid until the next call. */
    const char *(*unknown_language)(const char *preferences, int in_force);
    /* What a name may be in the table of the user's own messages. */
    const char *const *meanings;
    size_t meaning_count;
    /* Why a name cannot be in that table; NULL if it can. Valid until the next call. */
    const char *(*bad_own_name)(struct wmc_bytes name);
    /* Takes the rows of that table, for the capture that is opened next. Returns which of them are not used, but for those that the last
     * call returned; NULL for none. Valid until the next call. */
    const char *(*own_messages)(const struct wmc_own_message *rows, size_t count);
    /* Clears all state; called when a capture file is opened or closed. */
    void (*reset)(void);
    /* How many pairs of ports are watched. While it is 0, `concerns` is false of a segment that is on no chat port, is no SYN and does not
     * begin with a G. */
    const uint32_t *watched;
    /* Whether a segment may belong to a chat connection. `bytes`: its header and payload; `chat_port`: one of its ports is the chat's. */
    bool (*concerns)(uint32_t frame, struct wmc_bytes bytes, bool chat_port);
    /* Whether the connection between these ports was found to be another application's. */
    bool (*is_other_application)(uint32_t frame, uint16_t port, uint16_t other);
    /* Whether a message may prove that such a connection is the chat's after all; asked before the message is read. */
    bool (*may_prove_chat)(uint32_t frame, struct wmc_bytes message);
    /* Classifies data on a chat port while the conversation has no WebSocket dissector. */
    enum wmc_start (*classify)(const struct wmc_segment *segment, struct wmc_bytes start);
    /* A TCP segment, after its payload was dissected. `sources`: the packet's data sources (frame, reassembled, decrypted). */
    const struct wmc_plan *(*segment)(const struct wmc_segment *segment, const struct wmc_bytes *sources, size_t source_count,
                                      const struct wmc_settings *settings, wmem_allocator_t *pool);
    /* WebSocket data, before it is dissected, in the first pass. `position`: its offset in the segment's payload, or -1 if it was
     * reassembled or decrypted. */
    void (*frames)(const struct wmc_segment *segment, struct wmc_bytes data, int64_t position);
    /* An exception ended the dissection of that data, though all of it was captured: its messages may not have been handed over. */
    void (*frames_failed)(const struct wmc_segment *segment);
    /* A WebSocket message; NULL if it is not a chat message. `index`: its number within the frame's segments of this stream, from 0. */
    const struct wmc_plan *(*message)(const struct wmc_segment *segment, uint32_t index, struct wmc_bytes message,
                                      const struct wmc_settings *settings, wmem_allocator_t *pool);
    /* A remark on a message on a chat port whose TCP the plugin was not called for. */
    const struct wmc_plan *(*unobserved)(const struct wmc_settings *settings, wmem_allocator_t *pool);
    /* How many messages were put together in Rust. While it is 0, `assembled` finds none. */
    const uint32_t *assembled_count;
    /* The message of this number, in the pool, where it was put together in Rust: what Wireshark passes on is not this one. Data is NULL where it
     * is Wireshark's. Asked for each number in turn, before the message of this number. */
    struct wmc_bytes (*assembled)(const struct wmc_segment *segment, uint32_t index, wmem_allocator_t *pool);
    /* The captured part of a message that Wireshark did not pass on, or not whole, because it is truncated or long: unmasked, in the pool; data is
     * NULL if there is none. `messages`: the number of messages in this data before it. `whole`: also of another message. */
    struct wmc_bytes (*rest)(uint32_t frame, struct wmc_bytes data, uint32_t messages, bool whole, wmem_allocator_t *pool);

    /* Views of the conversation as text. */
    void *(*view_new)(enum wmc_view view);
    void (*view_free)(void *view);
    /* The packets come again. */
    void (*view_clear)(void *view);
    void (*view_see)(void *view, const struct wmc_tap_event *tap_event);
    /* Sorts a table by the column that a text names, for pages from now on; again, the other way round. Returns whether it has such a column. */
    bool (*view_sort)(void *view, const struct wmc_settings *settings, const char *column);
    /* The next piece of the page, from the beginning if `first`; NULL behind the last. Valid until the next call. `at_end`: all packets have
     * been seen. */
    const char *(*view_page)(void *view, const struct wmc_settings *settings, bool first, bool at_end);
    /* What was seen since the last call, of a view that is written while the capture is read; NULL for nothing. Valid until the next call. */
    const char *(*view_seen)(void *view, const struct wmc_settings *settings);

    /* Statistics. */
    void *(*statistics_new)(void);
    void (*statistics_free)(void *statistics);
    /* The packets come again. */
    void (*statistics_clear)(void *statistics);
    void (*statistics_see)(void *statistics, const struct wmc_tap_event *tap_event);
    /* Counts what was seen, when all packets have been dissected, and returns the rows that have changed, in the order of their places.
     * Valid until the next call. */
    struct wmc_rows (*statistics_count)(void *statistics, const struct wmc_settings *settings);

    /* Flow graphs. */
    void *(*flow_new)(void);
    void (*flow_free)(void *flow);
    /* The packets come again. */
    void (*flow_clear)(void *flow);
    /* The arrow of a message, of each in the order of the capture; NULL for none. Valid until the next call. */
    const struct wmc_arrow *(*flow_arrow)(void *flow, const struct wmc_tap_event *tap_event, const struct wmc_settings *settings);

    /* Who is at both ends of a message. Valid until the next call. */
    struct wmc_parties (*parties)(const struct wmc_tap_event *tap_event, const struct wmc_settings *settings);
    const char *user_field; /* the name of the field */

    /* The line of a message in its connection, with a line end; NULL for none. Valid until the next call. */
    const char *(*follow_line)(const struct wmc_tap_event *tap_event, const struct wmc_settings *settings);

    /* A display filter for what a packet belongs to; NULL if it belongs to no such thing. `port`: its source port. Valid until the next
     * call. */
    const char *(*filter)(enum wmc_filter filter, uint32_t stream, uint32_t frame, uint16_t port);
    /* A display filter for the exchange of a frame, or for the frame alone. Valid until the next call. */
    const char *(*exchange_filter)(uint32_t frame);

    /* What a menu or a button says. `language`: index. Valid as long as the program runs. */
    const char *(*label)(enum wmc_label label, int language);
    /* The language that is asked for before Wireshark has read its preferences: index. `preferences`: the path of the preferences file. */
    int (*chosen_language)(const char *preferences);
    /* The language that the preference names in a spelling that Wireshark ignores: index, once for each; -1 for none. */
    int (*meant_language)(const char *preferences);
};

/* plugin/glue/glue.c */
void wmc_plugin_register(const struct wmc_core *core);
extern int wmc_proto;
/* Registration entries with the default values that Wireshark's headers prescribe. */
extern const hf_register_info wmc_blank_field;
extern const ei_register_info wmc_blank_finding;
extern const expert_field wmc_blank_handle;
extern const value_string wmc_blank_name;

/* plugin/glue/draw.c */
void wmc_draw_init(int proto_tcp, int proto_http, int proto_websocket);
/* Returns the length of the Info column with the message. */
size_t wmc_draw_message(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);
/* A tree of the plugin's for a message that it does not dissect. */
void wmc_draw_remark(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);
/* Puts a separator between the messages in the Info column and text that other dissectors appended. */
void wmc_separate_columns(packet_info *pinfo, size_t info_length);
/* Whether the Info column holds text that dissectors can only append to. */
bool wmc_info_is_fenced(packet_info *pinfo);
/* `shares_info`: such text was there before the segment was dissected. */
void wmc_draw_segment(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned tcp_layer,
                      bool shares_info);
int *wmc_subtree(void);

/* plugin/glue/views.c */
/* Registers the tap; before any packet. */
void wmc_views_register(const struct wmc_core *core, const char *filter_name);
/* Whether anybody listens to the tap. */
bool wmc_is_tapped(void);
void wmc_tap(packet_info *pinfo, const struct wmc_plan *plan);

/* A view as users find it. */
struct wmc_option {
    enum wmc_view view;
    enum wmc_label label; /* in the menu */
    const char *name;     /* of the -z option */
    bool has_frames;      /* the page names packets by their numbers */
    bool is_table;        /* the page can be sorted by its columns */
};
extern const struct wmc_option wmc_options[];
extern const size_t wmc_option_count;

/* plugin/glue/windows.c */
/* Registers the menu; before any packet. */
void wmc_windows_register(const struct wmc_core *core, int proto, const char *filter_name, const char *name);

/* plugin/glue/statistics.c */
void wmc_statistics_register(const struct wmc_core *core, const char *filter_name, const char *name);

/* plugin/glue/late.c */
struct wmc_late;
typedef void (*wmc_late_cb)(struct wmc_late *late, void *item, const struct wmc_tap_event *tap_event);
/* What waits until all packets have been dissected; `then` is called for each, before Wireshark's own view is drawn. */
struct wmc_late {
    wmc_late_cb then;
    GArray *events;
    bool listens;
};
void wmc_late_init(struct wmc_late *late, wmc_late_cb then);
/* `item`: whatever `then` is to do something with. */
void wmc_late_add(struct wmc_late *late, const char *tap_name, void *item, const struct wmc_tap_event *tap_event);

/* plugin/glue/endpoints.c */
void wmc_endpoints_register(const struct wmc_core *core, int proto, const char *filter_name);

/* plugin/glue/flow.c */
/* Registers the flow graph, where Wireshark's library is as this file declares it. */
void wmc_flow_register(const struct wmc_core *core, int proto, const char *filter_name, const char *name);

/* plugin/glue/stream.c */
/* Takes the number of Wireshark's TCP protocol; before any packet. */
void wmc_stream_init(int proto_tcp);
/* The number of the packet's TCP stream; false where it has none. */
bool wmc_stream_of(const packet_info *pinfo, uint32_t *stream);
/* tcp.stream of a segment between these ends, which exists once the TCP dissector has processed the segment; false where there is none. */
bool wmc_stream_between(const packet_info *pinfo, const address *source, const address *destination, uint32_t source_port,
                        uint32_t destination_port, uint32_t *stream);

/* plugin/glue/follow.c */
/* Registers Follow and the conversation filters. */
void wmc_follow_register(const struct wmc_core *core, int proto, const struct wmc_registration *registration);

/* plugin/glue/failpoint.c: for the tests alone. A place where a call may longjmp: here, an exception is thrown if a test asks for it. */
#ifdef WMC_FAILPOINTS
void wmc_failpoint(const char *place, const packet_info *pinfo);
#else
#define wmc_failpoint(place, pinfo) ((void)0)
#endif

/* plugin/glue/own_messages.c */
#define WMC_OWN_MESSAGES_FILE "workermanchat_messages"
/* Registers the table of the user's own messages as a preference. */
void wmc_own_messages_register(struct pref_module *module, const struct wmc_core *core);
/* Hands the rows of the table to the core, and warns of those that are not used. */
void wmc_own_messages_hand_over(void);

/* plugin/glue/preferences.c */
void wmc_preferences_register(int proto, const struct wmc_core *core, const struct wmc_registration *registration);
/* A file is opened: puts the ports in force, and warns of a value that Wireshark has ignored without a word. */
void wmc_preferences_begin(const struct wmc_core *core);
void wmc_preferences_handoff(dissector_handle_t start);
enum wmc_port { WMC_PORT_UNKNOWN, WMC_PORT_CHAT, WMC_PORT_OTHER };
extern uint8_t wmc_ports[UINT16_MAX + 1];
bool wmc_look_up_port(uint16_t port);
/* Every TCP segment has two ports: the table is asked once for each. */
static inline bool wmc_is_chat_port(uint16_t port)
{
    return wmc_ports[port] == WMC_PORT_UNKNOWN ? wmc_look_up_port(port) : wmc_ports[port] == WMC_PORT_CHAT;
}
/* Called when the ports of the preference or of Decode As may have changed. */
void wmc_ports_changed(void);
bool wmc_show_json(void);
/* The language of what stands in menus, which are made before Wireshark has read its preferences, and stay: index. */
int wmc_language_of_menus(const struct wmc_core *core);
/* What the user chose, without what of a packet is looked at. */
const struct wmc_settings *wmc_preferences(void);
/* What was registered for a port before the preferences made it one of the chat's; NULL for nothing. */
dissector_handle_t wmc_port_owner(uint32_t port);
/* What the user chose, and what of the packet is looked at; `is_tapped`: also by a view. */
const struct wmc_settings *wmc_settings(packet_info *pinfo, proto_tree *tree, bool is_tapped);

#endif
