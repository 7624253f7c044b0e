/* The entry points: the four places where Wireshark calls the plugin.
 *
 *   1. ip.proto, in front of TCP: dissect_segment() reads the TCP header, calls the TCP dissector, then annotates the TCP tree. This
 *      is the only place where the TCP header is available in every pass and every program, with or without a tree.
 *   2. tcp.port, for the chat's ports and for Decode As: dissect_start() decides from the first data of a connection whether HTTP or
 *      (in a capture that starts in mid-stream) WebSocket dissects it.
 *   3. http.upgrade, in front of WebSocket: dissect_upgraded() reads the WebSocket frames, then calls the WebSocket dissector. This is
 *      the only place where control frames and masking are available without a tree.
 *   4. The heuristics of ws: dissect_on_chat_port() and dissect_by_evidence() get unmasked, reassembled messages.
 *
 * 1 and 3 pass all data on unchanged. Their handles belong to no protocol and add no layer, and 2 takes its own away, so a capture
 * without the chat is displayed as without this plugin. */
#include "glue.h"

#include <epan/column-utils.h>
#include <epan/conversation.h>
#include <epan/dissectors/packet-ip.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/exceptions.h>
#include <epan/exported_pdu.h>
#include <epan/proto_data.h>
#include <epan/tap.h>
#include <wsutil/filesystem.h>

#define FILTER_NAME "workermanchat"
#define IP_PROTOCOL_TCP 6
#define TCP_HEADER_MIN 20
#define TCP_OPTION_END 0
#define TCP_OPTION_NONE 1
#define TCP_OPTION_TIMESTAMP 8
#define TCP_TIMESTAMP_LENGTH 10
#define SOURCES_MAX 16
#define LONG_FRAME (256 * 1024) /* what every Wireshark unmasks */

int wmc_proto = -1;

static const struct wmc_core *core;
static protocol_t *protocol;
static int proto_http = -1;
static int proto_http2 = -1;
static dissector_table_t ip_protocols;
static dissector_handle_t tcp_handle;
static dissector_handle_t segment_handle; /* dissect_segment(), in front of tcp_handle */
static dissector_handle_t http_handle;
static dissector_handle_t json_handle;
static dissector_handle_t upgraded_handle;  /* the handler of http.upgrade that the plugin replaced */
static dissector_handle_t websocket_handle; /* WebSocket directly over TCP */
static dissector_handle_t stream_handle;    /* dissect_stream(), in front of websocket_handle */
static dissector_handle_t opening_handle;   /* dissect_opening(), in front of HTTP until the connection is upgraded */

/* HTTP that the plugin is having dissected, and the ports that Wireshark takes its conversation by. */
struct opening {
    struct opening *outer;
    uint32_t source_port;
    uint32_t destination_port;
};

/* The segment being dissected. A stack, because TCP can be tunnelled in TCP. Most segments are not a chat's: `segment` and what follows
 * it are filled in when they are needed. */
struct observation {
    struct observation *outer;
    tvbuff_t *tvb;
    const uint8_t *header; /* and what was captured behind it: `captured` bytes in all, TCP_HEADER_MIN at least */
    unsigned captured;
    unsigned header_length;
    unsigned tcp_layer;
    address source;
    address destination;
    uint16_t ip_id;     /* of IPv4; 0 otherwise */
    tvbuff_t *frames;   /* the WebSocket frames that are being dissected */
    uint32_t messages;  /* that Wireshark has passed on of these so far, or should have */
    uint32_t *numbered; /* messages of all segments of these ports in this frame; NULL before the first */
    uint32_t declined;  /* messages that were not read, and not numbered yet */
    bool shares_info;   /* an earlier segment of the frame left text in the Info column */
    size_t info_length; /* length of the Info column after the last chat message; 0 before the first */
    struct opening *opening;
    bool described;     /* `segment` is filled in, but for `stream` */
    bool stream_known;
    struct wmc_segment segment;
};

static struct observation *observed;

/* A WebSocket connection that HTTP/2 carries (RFC 8441), of which there can be several on one TCP connection. In Rust it is a connection of its own. */
struct substream {
    uint32_t stream;
    uint32_t next[2]; /* sequence number of the next byte of a direction */
};

/* Of each, Wireshark hands the same structure to its dissector each time, whose address is the key. */
static wmem_map_t *substreams;

static uint16_t be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)be16(bytes) << 16 | be16(bytes + 2);
}

static bool enabled(void)
{
    return proto_is_protocol_enabled(protocol);
}

static struct wmc_bytes lend(tvbuff_t *tvb, unsigned offset)
{
    struct wmc_bytes bytes = { NULL, 0, 0 };

    if (tvb_reported_length(tvb) > offset)
        bytes.reported = tvb_reported_length(tvb) - offset;
    if (tvb_captured_length(tvb) > offset) {
        bytes.captured = tvb_captured_length(tvb) - offset;
        bytes.data = tvb_get_ptr(tvb, (int)offset, (int)bytes.captured); /* captured bytes only: does not throw */
    }
    return bytes;
}

static struct wmc_endpoint endpoint(const address *from, uint16_t port)
{
    struct wmc_endpoint end = { { 0 }, 0, wmc_is_chat_port(port), port };

    end.address_length = (uint8_t)(from->len > (int)sizeof end.address ? (int)sizeof end.address : from->len);
    if (end.address_length > 0)
        memcpy(end.address, from->data, end.address_length);
    return end;
}

/* Finds the TCP header; false if it is truncated or invalid. `ip`: what Wireshark's dissector for IP hands over. */
static bool observe(struct observation *o, tvbuff_t *tvb, packet_info *pinfo, void *ip)
{
    o->captured = tvb_captured_length(tvb);
    if (o->captured < TCP_HEADER_MIN)
        return false;
    o->header = tvb_get_ptr(tvb, 0, (int)o->captured);
    o->header_length = (o->header[12] >> 4) * 4u;
    if (o->header_length < TCP_HEADER_MIN)
        return false;
    o->tvb = tvb;
    o->tcp_layer = pinfo->curr_layer_num + 1u; /* the layer number that the TCP dissector will have */
    copy_address_shallow(&o->source, &pinfo->src);
    copy_address_shallow(&o->destination, &pinfo->dst);
    o->ip_id = WS_IP4_PTR(ip) == NULL ? 0 : WS_IP4_PTR(ip)->ip_id;
    o->frames = NULL;
    o->messages = 0;
    o->numbered = NULL;
    o->declined = 0;
    o->shares_info = wmc_info_is_fenced(pinfo);
    o->info_length = 0;
    o->opening = NULL;
    o->described = false;
    o->stream_known = false;
    return true;
}

static bool on_chat_port(const struct observation *o)
{
    return wmc_is_chat_port(be16(o->header)) || wmc_is_chat_port(be16(o->header + 2));
}

/* What the user chose, and what of the packet is looked at. */
static const struct wmc_settings *settings_for(packet_info *pinfo, proto_tree *tree)
{
    return wmc_settings(pinfo, tree, wmc_is_tapped());
}

/* The lower half of TCP's timestamp (RFC 7323, section 3.2), which a minute or so wraps; 0 for none. */
static uint16_t timestamp_of(const struct observation *o)
{
    const uint8_t *at = o->header + TCP_HEADER_MIN;
    const uint8_t *end = o->header + (o->header_length < o->captured ? o->header_length : o->captured);

    while (at + 1 < end && at[0] != TCP_OPTION_END) {
        const unsigned length = at[0] == TCP_OPTION_NONE ? 1 : at[1];

        if (length == 0 || at + length > end)
            break;
        if (at[0] == TCP_OPTION_TIMESTAMP && length == TCP_TIMESTAMP_LENGTH)
            return be16(at + 4);
        at += length;
    }
    return 0;
}

/* The observed segment, but for its stream. */
static const struct wmc_segment *describe(struct observation *o, packet_info *pinfo)
{
    struct wmc_segment *segment = &o->segment;

    if (o->described)
        return segment;
    segment->frame = pinfo->num;
    segment->stream = 0;
    segment->time = 0;
    if (pinfo->abs_ts.secs >= 0 && pinfo->abs_ts.secs < INT64_MAX / 1000000000)
        segment->time = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;
    segment->first_pass = !pinfo->fd->visited;
    segment->source = endpoint(&o->source, be16(o->header));
    segment->destination = endpoint(&o->destination, be16(o->header + 2));
    segment->sequence = be32(o->header + 4);
    segment->acknowledgment = be32(o->header + 8);
    segment->flags = be16(o->header + 12) & 0x0fff;
    segment->identity = 0;
    if (segment->flags & TH_SYN)
        segment->identity = o->ip_id != 0 ? o->ip_id : timestamp_of(o);
    segment->payload = lend(o->tvb, o->header_length);
    segment->tunnelled = false;
    segment->tcp.sequence = segment->sequence;
    segment->tcp.acknowledgment = segment->acknowledgment;
    segment->tcp.length = segment->payload.reported;
    segment->tcp.flags = segment->flags;
    segment->tcp.window = be16(o->header + 14);
    o->described = true;
    return segment;
}

/* Whether the connection was found to be another application's. */
static bool is_other_application(const struct observation *o, const packet_info *pinfo)
{
    return !on_chat_port(o) && core->is_other_application(pinfo->num, be16(o->header), be16(o->header + 2));
}

static bool know_stream(struct observation *o, packet_info *pinfo)
{
    wmc_failpoint("glue::know_stream", pinfo);
    if (o->stream_known)
        return true;
    describe(o, pinfo);
    o->stream_known = wmc_stream_between(pinfo, &o->source, &o->destination, be16(o->header), be16(o->header + 2),
                                         &o->segment.stream);
    return o->stream_known;
}

/* Calls the next dissector with the state it would have without this plugin. */
static int pass_on(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    int length;

    wmc_failpoint("glue::before_dissector", pinfo);
    pinfo->can_desegment = pinfo->saved_can_desegment;
    length = call_dissector_only(handle, tvb, pinfo, tree, data);
    wmc_failpoint("glue::behind_dissector", pinfo);
    return length;
}

/* 1. ip.proto: TCP segments */

static bool concerns(const struct observation *o, const packet_info *pinfo)
{
    const struct wmc_bytes bytes = { o->header, o->captured, o->captured };
    const bool chat_port = on_chat_port(o) || (o->described && o->segment.tunnelled);
    const bool is_syn = (o->header[13] & TH_SYN) != 0;
    const bool may_be_get = o->captured > o->header_length && o->header[o->header_length] == 'G';

    return (chat_port || is_syn || may_be_get || *core->watched > 0) && core->concerns(pinfo->num, bytes, chat_port);
}

static void annotate_segment(struct observation *o, packet_info *pinfo, proto_tree *tree)
{
    struct wmc_bytes sources[SOURCES_MAX];
    size_t count = 0;
    const struct wmc_plan *plan;

    if (!concerns(o, pinfo) || !know_stream(o, pinfo))
        return;
    if ((o->segment.first_pass || wmc_is_tapped()) && o->segment.payload.captured > 0)
        for (GSList *source = pinfo->data_src; source != NULL && count < SOURCES_MAX; source = source->next)
            sources[count++] = lend(get_data_source_tvb((struct data_source *)source->data), 0);
    wmc_failpoint("glue::sources", pinfo);
    plan = core->segment(&o->segment, sources, count, settings_for(pinfo, tree), pinfo->pool);
    if (plan == NULL)
        return;
    wmc_tap(pinfo, plan);
    wmc_draw_segment(plan, o->tvb, pinfo, tree, o->tcp_layer, o->shares_info);
}

/* How many messages of a frame have a number, for each pair of ports: a frame can hold several segments of a stream (A-MSDU, IP in IP). A
 * pass that does not read them counts them as one that does. */
static uint32_t *numbered_messages(struct observation *o, packet_info *pinfo)
{
    const uint32_t source_port = be16(o->header), destination_port = be16(o->header + 2);
    const uint32_t key = source_port < destination_port ? source_port << 16 | destination_port
                                                        : destination_port << 16 | source_port;

    wmc_failpoint("glue::numbered_messages", pinfo);
    if (o->numbered == NULL)
        o->numbered = (uint32_t *)p_get_proto_data(pinfo->pool, pinfo, wmc_proto, key);
    if (o->numbered == NULL) {
        o->numbered = wmem_new0(pinfo->pool, uint32_t);
        p_add_proto_data(pinfo->pool, pinfo, wmc_proto, key, o->numbered);
    }
    *o->numbered += o->declined;
    o->declined = 0;
    return o->numbered;
}

/* TRY is in a function of its own: `o` points to the caller's variable, which keeps its value across a longjmp. */
static int dissect_observed(struct observation *o, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    volatile int length = 0;

    TRY {
        length = pass_on(tcp_handle, tvb, pinfo, tree, data);
    }
    FINALLY {
        observed = o->outer;
        if (o->declined > 0)
            numbered_messages(o, pinfo);
        annotate_segment(o, pinfo, tree);
    }
    ENDTRY;
    return length;
}

static int dissect_segment(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct observation o;

    /* An ICMP error quotes an earlier segment. */
    if (pinfo->flags.in_error_pkt || !enabled() || !observe(&o, tvb, pinfo, data))
        return pass_on(tcp_handle, tvb, pinfo, tree, data);
    o.outer = observed;
    observed = &o;
    return dissect_observed(&o, tvb, pinfo, tree, data);
}

/* 2. tcp.port: data on a chat port while the conversation has no dissector */

static bool is_open(const struct observation *o, const packet_info *pinfo)
{
    for (const struct opening *opening = o->opening; opening != NULL; opening = opening->outer)
        if (opening->source_port == pinfo->srcport && opening->destination_port == pinfo->destport)
            return true;
    return false;
}

/* HTTP for a conversation with opening_handle. What a proxy passes on (CONNECT) reaches the plugin again within it. TRY as in
 * dissect_observed(). */
static int dissect_http(struct observation *o, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct opening opening = { o->opening, pinfo->srcport, pinfo->destport };
    volatile int length = 0;

    o->opening = &opening;
    TRY {
        length = pass_on(http_handle, tvb, pinfo, tree, data);
    }
    FINALLY {
        o->opening = opening.outer;
    }
    ENDTRY;
    return length;
}

/* In a tunnel (HTTP's CONNECT, SOCKS), Wireshark's dissector for the proxy gives the ports behind it. */
static bool is_tunnelled(const struct observation *o, const packet_info *pinfo)
{
    return pinfo->srcport != be16(o->header) || pinfo->destport != be16(o->header + 2);
}

/* A tunnel to a port of the chat counts as a connection to one. */
static void enter_tunnel(struct observation *o, const packet_info *pinfo)
{
    if (!is_tunnelled(o, pinfo))
        return;
    o->segment.tunnelled = true;
    o->segment.source.chat_port |= wmc_is_chat_port((uint16_t)pinfo->srcport);
    o->segment.destination.chat_port |= wmc_is_chat_port((uint16_t)pinfo->destport);
}

/* Decode As offers a handle by the name of its protocol, for which Wireshark adds a layer. What is passed on has none of the chat's. */
static void leave_layer(packet_info *pinfo)
{
    wmem_list_frame_t *last = wmem_list_tail(pinfo->layers);

    if (last == NULL || GPOINTER_TO_INT(wmem_list_frame_data(last)) != wmc_proto)
        return;
    wmem_list_remove_frame(pinfo->layers, last);
    pinfo->curr_layer_num--;
}

/* What TCP has a dissector of tcp.port for, it exports by its port, which says nothing to a Wireshark without the plugin. */
static bool is_exported(void)
{
    return have_tap_listener(find_tap_id(EXPORT_PDU_TAP_NAME_LAYER_4));
}

/* What is neither HTTP nor WebSocket on a port of the chat: whose it was before the port became one. */
static int dissect_for_owner(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    const dissector_handle_t owner = wmc_port_owner(pinfo->match_uint);

    return owner == NULL ? 0 : call_dissector_only(owner, tvb, pinfo, tree, data);
}

static int dissect_start(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct observation *const o = observed;
    conversation_t *conversation;
    enum wmc_start start;

    leave_layer(pinfo);
    if (o == NULL || !know_stream(o, pinfo) || !enabled() || is_exported())
        return dissect_for_owner(tvb, pinfo, tree, data);
    enter_tunnel(o, pinfo);
    start = core->classify(&o->segment, lend(tvb, 0));
    if (start == WMC_START_SHORT) {
        if (pinfo->can_desegment == 0)
            return dissect_for_owner(tvb, pinfo, tree, data);
        pinfo->desegment_offset = 0;
        pinfo->desegment_len = DESEGMENT_ONE_MORE_SEGMENT;
        return (int)tvb_captured_length(tvb);
    }
    /* A tunnel begins with a request, unless Wireshark is mistaken about where it begins. */
    if (start == WMC_START_OTHER || (start == WMC_START_RESPONSE && o->segment.tunnelled))
        return dissect_for_owner(tvb, pinfo, tree, data);
    /* The conversation of the dissectors above TCP: in a tunnel, or with the preference of tcp_conversation(), not TCP's. Later passes
     * decide nothing anew. */
    wmc_failpoint("glue::conversation", pinfo);
    conversation = o->segment.first_pass ? find_or_create_conversation(pinfo) : find_conversation_pinfo(pinfo, 0);
    if (conversation == NULL)
        return 0;
    if (start == WMC_START_WEBSOCKET) {
        conversation_set_dissector_from_frame_number(conversation, pinfo->num, stream_handle);
        return pass_on(stream_handle, tvb, pinfo, tree, data);
    }
    if (start == WMC_START_UPGRADED && conversation_get_proto_data(conversation, proto_http) == NULL) {
        /* The request was not captured, so HTTP will not switch to WebSocket. */
        conversation_set_dissector_from_frame_number(conversation, pinfo->num + 1, stream_handle);
        return pass_on(http_handle, tvb, pinfo, tree, data);
    }
    conversation_set_dissector_from_frame_number(conversation, pinfo->num, opening_handle);
    return dissect_http(o, tvb, pinfo, tree, data);
}

/* If the response was not captured, HTTP does not switch to WebSocket: this does, when WebSocket frames arrive. */
static int dissect_opening(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct observation *const o = observed;
    conversation_t *conversation = NULL;

    if (o == NULL || !know_stream(o, pinfo))
        return pass_on(http_handle, tvb, pinfo, tree, data);
    /* HTTP does not dissect what is passed on to a conversation of its own, which would go on without end. It knows that by the
     * conversation's dissector, and here that is this one. */
    if (is_open(o, pinfo))
        return call_data_dissector(tvb, pinfo, tree);
    enter_tunnel(o, pinfo);
    if (core->classify(&o->segment, lend(tvb, 0)) == WMC_START_WEBSOCKET)
        conversation = find_conversation_pinfo(pinfo, 0);
    if (conversation == NULL)
        return dissect_http(o, tvb, pinfo, tree, data);
    conversation_set_dissector_from_frame_number(conversation, pinfo->num, stream_handle);
    return pass_on(stream_handle, tvb, pinfo, tree, data);
}

/* 3. http.upgrade: WebSocket frames */

static int64_t position_in_payload(const struct observation *o, tvbuff_t *tvb)
{
    if (tvb_get_ds_tvb(tvb) != tvb_get_ds_tvb(o->tvb))
        return -1;
    return (int64_t)tvb_raw_offset(tvb) - tvb_raw_offset(o->tvb) - o->header_length;
}

static const struct wmc_plan *plan_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const uint32_t number = (*numbered_messages(observed, pinfo))++;
    const struct wmc_plan *plan =
        core->message(&observed->segment, number, lend(tvb, 0), settings_for(pinfo, tree), pinfo->pool);

    if (plan == NULL || !plan->declined)
        return plan;
    wmc_tap(pinfo, plan);
    return NULL;
}

/* Wireshark's own tree of a message. The columns stay as they are: they say what the message is. TRY as in dissect_observed(). */
static void show_json(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const bool writable = col_get_writable(pinfo->cinfo, -1);

    col_set_writable(pinfo->cinfo, -1, false);
    TRY {
        wmc_failpoint("glue::show_json", pinfo);
        call_dissector_only(json_handle, tvb, pinfo, tree, NULL);
    }
    FINALLY {
        col_set_writable(pinfo->cinfo, -1, writable);
    }
    ENDTRY;
}

static void show_message(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    wmc_tap(pinfo, plan);
    observed->info_length = wmc_draw_message(plan, tvb, pinfo, tree);
    if (wmc_show_json())
        show_json(tvb, pinfo, tree);
}

static tvbuff_t *message_of(const struct wmc_bytes *bytes, tvbuff_t *parent)
{
    return tvb_new_child_real_data(parent, bytes->data, bytes->captured, (int)bytes->reported);
}

/* A message that Wireshark has not passed on. Returns whether it is the chat's. */
static bool dissect_own(const struct wmc_bytes *bytes, const char *name, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    tvbuff_t *message = message_of(bytes, tvb);
    const struct wmc_plan *plan = plan_message(message, pinfo, tree);

    if (plan == NULL)
        return false;
    wmc_failpoint("glue::rest", pinfo);
    add_new_data_source(pinfo, message, name);
    show_message(plan, message, pinfo, tree);
    return true;
}

/* The next message, where it was put together in Rust. */
static struct wmc_bytes next_assembled(struct observation *o, packet_info *pinfo)
{
    const struct wmc_bytes none = { NULL, 0, 0 };

    return *core->assembled_count == 0 ? none : core->assembled(&o->segment, *numbered_messages(o, pinfo), pinfo->pool);
}

/* Shows the messages that the WebSocket dissector did not pass on, behind those that it did. `is_whole`: it dissected all that was captured. In a
 * packet, behind a message that was put together in Rust, all others were, too. Returns whether there is one of the chat's. */
static bool dissect_rest(struct observation *o, bool is_whole, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    bool is_behind = false, is_shown = false; /* behind a message that ended its work */
    struct wmc_bytes rest;

    while ((rest = next_assembled(o, pinfo)).data == NULL && !is_whole) {
        rest = core->rest(pinfo->num, lend(tvb, 0), o->messages++, is_behind, pinfo->pool);
        if (rest.data == NULL)
            return is_shown;
        is_shown |= dissect_own(&rest, "Unmasked data, as far as captured", tvb, pinfo, tree);
        is_behind = true;
    }
    for (; rest.data != NULL; rest = next_assembled(o, pinfo))
        is_shown |= dissect_own(&rest, "Message of fragments", tvb, pinfo, tree);
    return is_shown;
}

/* Newer versions end their work at a long frame, although all of it was captured. It does not end TCP's, where the message
 * is shown here, or is the chat's once its other fragments have come. */
static int dissect_frames(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    const bool is_captured = tvb_captured_length(tvb) == tvb_reported_length(tvb);
    const char *const protocol = pinfo->current_proto;
    struct observation *const o = observed;
    volatile int length = 0;
    volatile bool done = false, is_long = false, is_shown = false;

    o->frames = tvb;
    o->messages = 0;
    if (o->segment.first_pass)
        core->frames(&o->segment, lend(tvb, 0), position_in_payload(o, tvb));
    TRY {
        length = pass_on(handle, tvb, pinfo, tree, data);
        done = true;
    }
    CATCH(BoundsError) {
        if (!is_captured || tvb_captured_length(tvb) <= LONG_FRAME)
            RETHROW;
        is_long = true;
    }
    FINALLY {
        o->frames = NULL;
        if (!done && !is_long && is_captured && o->segment.first_pass)
            core->frames_failed(&o->segment);
        is_shown = dissect_rest(o, done && is_captured, tvb, pinfo, tree);
        if (o->info_length > 0)
            wmc_separate_columns(pinfo, o->info_length);
    }
    ENDTRY;
    if (!is_long)
        return length;
    if (!is_shown && !on_chat_port(o))
        THROW(BoundsError); /* another application's */
    pinfo->current_proto = protocol;
    return (int)tvb_captured_length(tvb);
}

static bool is_over_http2(const packet_info *pinfo)
{
    for (wmem_list_frame_t *layer = wmem_list_tail(pinfo->layers); layer != NULL; layer = wmem_list_frame_prev(layer))
        if (GPOINTER_TO_INT(wmem_list_frame_data(layer)) == proto_http2)
            return true;
    return false;
}

/* Finds a WebSocket connection over HTTP/2, or makes one on the first pass. */
static struct substream *substream_of(const struct wmc_segment *segment, const void *key)
{
    struct substream *found = (struct substream *)wmem_map_lookup(substreams, key);
    const uint32_t count = wmem_map_size(substreams);

    if (found != NULL || !segment->first_pass || key == NULL)
        return found;
    if (segment->stream >= WMC_SUBSTREAMS_OF || count >= WMC_SUBSTREAMS)
        return NULL;
    found = wmem_new0(wmem_file_scope(), struct substream);
    found->stream = WMC_SUBSTREAM | count * WMC_SUBSTREAMS_OF | segment->stream;
    wmem_map_insert(substreams, key, found);
    return found;
}

/* Hands over to WebSocket, and puts back the segment that carries the data. TRY as in dissect_observed(). */
static int dissect_carried(struct observation *o, const struct wmc_segment *carrier, bool is_known, tvbuff_t *tvb,
                           packet_info *pinfo, proto_tree *tree, void *data)
{
    volatile int length = 0;

    TRY {
        length = is_known ? dissect_frames(upgraded_handle, tvb, pinfo, tree, data)
                          : pass_on(upgraded_handle, tvb, pinfo, tree, data);
    }
    FINALLY {
        observed = o;
        o->segment = *carrier;
    }
    ENDTRY;
    return length;
}

/* The WebSocket data of such a connection as a segment of its own, in the place of the one that carries it. */
static int dissect_substream(struct observation *o, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct substream *const substream = substream_of(&o->segment, data);
    const struct wmc_segment carrier = o->segment;
    uint32_t *next;

    if (substream == NULL) {
        observed = NULL; /* it is not mixed with others */
        return dissect_carried(o, &carrier, false, tvb, pinfo, tree, data);
    }
    next = &substream->next[carrier.source.port < carrier.destination.port];
    o->segment.stream = substream->stream;
    o->segment.sequence = *next;
    o->segment.acknowledgment = 0;
    o->segment.flags = 0;
    o->segment.payload = lend(tvb, 0);
    if (carrier.first_pass)
        *next += o->segment.payload.reported;
    return dissect_carried(o, &carrier, true, tvb, pinfo, tree, data);
}

/* WebSocket data, of which the core is told unless another application's connection carries it. */
static int dissect_websocket(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    int length;

    if (observed != NULL && !is_other_application(observed, pinfo) && know_stream(observed, pinfo))
        return dissect_frames(handle, tvb, pinfo, tree, data);
    length = pass_on(handle, tvb, pinfo, tree, data);
    if (observed != NULL && observed->info_length > 0)
        wmc_separate_columns(pinfo, observed->info_length);
    return length;
}

static int dissect_upgraded(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (observed != NULL && is_over_http2(pinfo) && !is_other_application(observed, pinfo) && know_stream(observed, pinfo))
        return dissect_substream(observed, tvb, pinfo, tree, data);
    return dissect_websocket(upgraded_handle, tvb, pinfo, tree, data);
}

static int dissect_stream(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_websocket(websocket_handle, tvb, pinfo, tree, data);
}

/* 4. ws heuristics: messages */

/* The message that Wireshark passes on, or in its place the next one that was put together in Rust, or a long one unmasked to its end. */
static bool dissect_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    struct observation *const o = observed;
    struct wmc_bytes instead = next_assembled(o, pinfo);
    const struct wmc_plan *plan;
    tvbuff_t *message = tvb;

    if (instead.data == NULL && o->frames != NULL && tvb_captured_length(tvb) < tvb_reported_length(tvb))
        instead = core->rest(pinfo->num, lend(o->frames, 0), o->messages, true, pinfo->pool);
    if (instead.data != NULL && (instead.captured > tvb_captured_length(tvb) || instead.captured == instead.reported))
        message = message_of(&instead, tvb);
    o->messages++;
    plan = plan_message(message, pinfo, tree);
    if (plan == NULL)
        return false;
    if (message != tvb)
        add_new_data_source(pinfo, message, "Whole message");
    show_message(plan, message, pinfo, tree);
    return true;
}

/* The ports that Wireshark takes the conversation by: in a tunnel, those behind the proxy. */
static bool leads_to_chat_port(const packet_info *pinfo)
{
    return wmc_is_chat_port((uint16_t)pinfo->srcport) || wmc_is_chat_port((uint16_t)pinfo->destport);
}

/* Says of a message that TCP was not reached through IP. It stays Wireshark's. */
static void report_unobserved(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const struct wmc_plan *plan = core->unobserved(settings_for(pinfo, tree), pinfo->pool);

    if (plan != NULL)
        wmc_draw_remark(plan, tvb, pinfo, tree);
}

static wmc_truth dissect_on_chat_port(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!leads_to_chat_port(pinfo))
        return false;
    if (observed == NULL) {
        if (!pinfo->flags.in_error_pkt)
            report_unobserved(tvb, pinfo, tree);
        return false;
    }
    return know_stream(observed, pinfo) && dissect_message(tvb, pinfo, tree);
}

static wmc_truth dissect_by_evidence(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (observed == NULL || leads_to_chat_port(pinfo))
        return false;
    if (is_other_application(observed, pinfo) && !core->may_prove_chat(pinfo->num, lend(tvb, 0))) {
        observed->declined++;
        return false;
    }
    if (!know_stream(observed, pinfo))
        return false;
    return dissect_message(tvb, pinfo, tree);
}

/* Decode As can put the TCP dissector itself into ip.proto, where it is by default: the plugin goes in front of it again. Another
 * dissector stays. */
static void go_in_front(void)
{
    if (segment_handle != NULL && dissector_get_uint_handle(ip_protocols, IP_PROTOCOL_TCP) == tcp_handle)
        dissector_change_uint("ip.proto", IP_PROTOCOL_TCP, segment_handle);
}

/* Called when a capture file is closed, and when the next is opened. */
static void reset(void)
{
    observed = NULL;
    go_in_front();
    wmc_ports_changed();
    core->reset();
}

/* Initialised in C, where the headers' macros set the right defaults, whichever members this version has. */
const hf_register_info wmc_blank_field = { NULL, { NULL, NULL, FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL } };
const ei_register_info wmc_blank_finding = { NULL, { NULL, 0, 0, NULL, EXPFILL } };
const expert_field wmc_blank_handle = EI_INIT;
const value_string wmc_blank_name = { 0, NULL };

static void start(void)
{
    wmc_preferences_begin(core);
    reset();
}

/* Another file of the plugin in the same folder, or a link to this one, comes second: what Wireshark registers twice it aborts at. */
static bool is_registered(void)
{
    return proto_get_id_by_filter_name(FILTER_NAME) != -1;
}

static void register_protocol(void)
{
    static struct wmc_registration r; /* Wireshark keeps pointers to what it names, as long as the program runs */
    int *subtrees[] = { wmc_subtree() };

    char *language_file;

    if (is_registered())
        return;
    language_file = get_persconffile_path("language", false);
    r = core->registration(language_file);
    g_free(language_file);
    wmc_proto = proto_register_protocol(r.name, r.short_name, r.filter_name);
    proto_register_field_array(wmc_proto, r.fields, r.field_count);
    proto_register_subtree_array(subtrees, 1);
    expert_register_field_array(expert_register_protocol(wmc_proto), r.findings, r.finding_count);
    wmc_preferences_register(wmc_proto, core, &r);
    wmc_views_register(core, r.filter_name);
    wmc_windows_register(core, wmc_proto, r.filter_name, r.name);
    wmc_statistics_register(core, r.filter_name, r.name);
    wmc_flow_register(core, wmc_proto, r.filter_name, r.name);
    wmc_endpoints_register(core, wmc_proto, r.filter_name);
    wmc_follow_register(core, wmc_proto, &r);
    register_init_routine(start);
    register_cleanup_routine(reset);
}

/* A handle without a protocol: it adds no layer and cannot be disabled separately. */
static dissector_handle_t transparent(dissector_t dissector, const char *name, const char *description)
{
    return create_dissector_handle_with_name_and_description(dissector, -1, name, description);
}

/* Such a handle for conversations. TCP exports what it is given by its name, which is one that every Wireshark knows. */
static dissector_handle_t in_front_of(dissector_handle_t behind, dissector_t dissector, const char *description)
{
    return transparent(dissector, dissector_handle_get_dissector_name(behind), description);
}

static void register_handoff(void)
{
    dissector_table_t upgrades = find_dissector_table("http.upgrade");
    const int proto_tcp = proto_get_id_by_filter_name("tcp");

    if (wmc_proto == -1 || protocol != NULL) /* another copy is registered, or this one, under another name */
        return;
    protocol = find_protocol_by_id(wmc_proto);
    proto_http = proto_get_id_by_filter_name("http");
    proto_http2 = proto_get_id_by_filter_name("http2");
    substreams = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    wmc_stream_init(proto_tcp);
    wmc_draw_init(proto_tcp, proto_http, proto_get_id_by_filter_name("websocket"));

    http_handle = find_dissector("http-over-tcp");
    json_handle = find_dissector("json");
    websocket_handle = find_dissector("websocket_tcp"); /* newer versions: the variant for WebSocket over TCP */
    if (websocket_handle == NULL)
        websocket_handle = find_dissector("websocket");
    stream_handle = in_front_of(websocket_handle, dissect_stream, "WebSocket (Workerman Chat)");
    opening_handle = in_front_of(http_handle, dissect_opening, "HTTP (Workerman Chat)");

    ip_protocols = find_dissector_table("ip.proto");
    tcp_handle = dissector_get_uint_handle(ip_protocols, IP_PROTOCOL_TCP);
    segment_handle = transparent(dissect_segment, "workermanchat_tcp", "TCP (with Workerman Chat)");
    dissector_add_uint("ip.proto", IP_PROTOCOL_TCP, segment_handle);
    upgraded_handle = dissector_get_string_handle(upgrades, "websocket");
    dissector_add_string("http.upgrade", "websocket",
                         transparent(dissect_upgraded, "workermanchat_upgrade", "WebSocket (with Workerman Chat)"));

    wmc_preferences_handoff(
        create_dissector_handle_with_name_and_description(dissect_start, wmc_proto, FILTER_NAME, "Workerman Chat"));
    heur_dissector_add("ws", dissect_on_chat_port, "Workerman Chat on its ports", "workermanchat_ws_port", wmc_proto,
                       HEURISTIC_ENABLE);
    heur_dissector_add("ws", dissect_by_evidence, "Workerman Chat on any port", "workermanchat_ws", wmc_proto, HEURISTIC_ENABLE);
}

void wmc_plugin_register(const struct wmc_core *rust)
{
    static proto_plugin plugin = { register_protocol, register_handoff };

    core = rust;
    proto_register_plugin(&plugin);
}
