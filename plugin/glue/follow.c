/* What Wireshark offers for the conversation of a packet: Follow (-z follow,workermanchat in tshark), and conversation filters. */
#include "glue.h"

#include <epan/addr_resolv.h>
#include <epan/conversation_filter.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/follow.h>
#include <epan/tap.h>
#include <epan/to_str.h>
#include <string.h>

static const struct wmc_core *core;
static const char *tap_name;

/* Follow */

static char *filter_of_stream(unsigned stream, unsigned sub_stream)
{
    return g_strdup_printf("tcp.stream eq %u", stream);
}

static char *filter_of_packet(epan_dissect_t *dissection, packet_info *pinfo, unsigned *stream, unsigned *sub_stream)
{
    return wmc_stream_of(pinfo, stream) ? filter_of_stream(*stream, 0) : NULL;
}

static char *filter_of_addresses(address *source, address *destination, int source_port, int destination_port)
{
    const char *ip = source->type == AT_IPv6 ? "ipv6" : "ip";
    char *from = address_to_str(NULL, source), *to = address_to_str(NULL, destination);
    char *filter = g_strdup_printf("((%s.src eq %s and tcp.srcport eq %d) and (%s.dst eq %s and tcp.dstport eq %d)) or "
                                   "((%s.src eq %s and tcp.srcport eq %d) and (%s.dst eq %s and tcp.dstport eq %d))",
                                   ip, from, source_port, ip, to, destination_port, ip, to, destination_port, ip, from,
                                   source_port);

    wmem_free(NULL, from);
    wmem_free(NULL, to);
    return filter;
}

/* The browser is the client, whoever is seen first. */
static void know_ends(follow_info_t *info, const packet_info *pinfo, bool by_server)
{
    if (info->client_port != 0)
        return;
    info->client_port = by_server ? pinfo->destport : pinfo->srcport;
    info->server_port = by_server ? pinfo->srcport : pinfo->destport;
    copy_address(&info->client_ip, by_server ? &pinfo->dst : &pinfo->src);
    copy_address(&info->server_ip, by_server ? &pinfo->src : &pinfo->dst);
}

static void forget_ends(follow_info_t *info)
{
    info->client_port = info->server_port = 0;
    free_address(&info->client_ip);
    free_address(&info->server_ip);
}

static follow_record_t *add_record(follow_info_t *info, const packet_info *pinfo, const struct wmc_tap_event *tap_event)
{
    follow_record_t *record = g_new0(follow_record_t, 1);

    record->is_server = tap_event->by_server;
    record->packet_num = tap_event->frame;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_new();
    info->payload = g_list_prepend(info->payload, record);
    return record;
}

static void write_line(follow_info_t *info, follow_record_t *record, const char *line)
{
    g_byte_array_append(record->data, (const uint8_t *)line, (unsigned)strlen(line));
    info->bytes_written[record->is_server] += record->data->len;
}

/* On the first pass, which is tshark's only one, later frames may yet show who it was, or that it is the chat. So the lines are written when all
 * frames have been seen, just before they are printed: listeners draw in the reverse order of their registration. */
struct unwritten {
    follow_record_t *record;
    struct wmc_tap_event tap_event; /* its texts are its own */
};

struct followed {
    follow_info_t *info;
    GArray *lines;
};

static GSList *all_followed;

static void write_lines(void *data)
{
    struct followed *followed = (struct followed *)data;

    for (unsigned i = 0; i < followed->lines->len; i++) {
        struct unwritten *unwritten = &g_array_index(followed->lines, struct unwritten, i);
        const char *line;

        unwritten->tap_event.first_pass = false;
        line = core->follow_line(&unwritten->tap_event, wmc_preferences());
        if (line != NULL) {
            write_line(followed->info, unwritten->record, line);
        } else {
            followed->info->payload = g_list_remove(followed->info->payload, unwritten->record);
            g_byte_array_free(unwritten->record->data, TRUE);
            g_free(unwritten->record);
        }
        g_free((char *)unwritten->tap_event.text);
        g_free((char *)unwritten->tap_event.problems);
    }
    g_array_set_size(followed->lines, 0);
    if (followed->info->payload == NULL)
        forget_ends(followed->info);
}

static void forget(void *data)
{
    struct followed *followed = (struct followed *)data;

    all_followed = g_slist_remove(all_followed, followed);
    g_array_free(followed->lines, TRUE);
    g_free(followed);
}

static struct followed *followed_by(follow_info_t *info)
{
    struct followed *followed;
    GString *error;

    for (GSList *known = all_followed; known != NULL; known = known->next)
        if (((struct followed *)known->data)->info == info)
            return (struct followed *)known->data;
    followed = g_new0(struct followed, 1);
    followed->info = info;
    followed->lines = g_array_new(FALSE, TRUE, sizeof(struct unwritten));
    all_followed = g_slist_prepend(all_followed, followed);
    error = register_tap_listener(tap_name, followed, NULL, TL_REQUIRES_NOTHING, NULL, NULL, write_lines, forget);
    if (error != NULL)
        g_string_free(error, TRUE); /* of a filter, and there is none */
    return followed;
}

static tap_packet_status follow(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped, tap_flags_t flags)
{
    follow_info_t *info = (follow_info_t *)data;
    const struct wmc_tap_event *tap_event = (const struct wmc_tap_event *)tapped;
    struct unwritten unwritten = { NULL, *tap_event };
    const char *line;

    if (tap_event->index == UINT32_MAX)
        return TAP_PACKET_DONT_REDRAW;
    if (tap_event->first_pass) {
        know_ends(info, pinfo, tap_event->by_server);
        unwritten.record = add_record(info, pinfo, tap_event);
        unwritten.tap_event.text = g_strdup(tap_event->text);
        unwritten.tap_event.problems = g_strdup(tap_event->problems);
        g_array_append_val(followed_by(info)->lines, unwritten);
        return TAP_PACKET_REDRAW;
    }
    line = core->follow_line(tap_event, wmc_preferences());
    if (line == NULL)
        return TAP_PACKET_DONT_REDRAW;
    know_ends(info, pinfo, tap_event->by_server);
    write_line(info, add_record(info, pinfo, tap_event), line);
    return TAP_PACKET_REDRAW;
}

/* Conversation filters. Newer versions hand each callback, behind the packet, what was registered with it. */

static const char *filter_of(packet_info *pinfo, enum wmc_filter filter)
{
    uint32_t stream;

    if (!wmc_stream_of(pinfo, &stream))
        return NULL;
    return core->filter(filter, stream, pinfo->num, (uint16_t)pinfo->srcport);
}

#ifdef WMC_FILTERS_WITH_DATA
#define FILTER_ARGUMENTS packet_info *pinfo, void *data
#define FILTER_DATA , NULL
#else
#define FILTER_ARGUMENTS packet_info *pinfo
#define FILTER_DATA
#endif

#define CONVERSATION_FILTER(name, filter)                          \
    static wmc_truth has_##name(FILTER_ARGUMENTS)                  \
    {                                                              \
        return filter_of(pinfo, filter) != NULL;                   \
    }                                                              \
    static char *build_##name(FILTER_ARGUMENTS)                    \
    {                                                              \
        return g_strdup(filter_of(pinfo, filter));                 \
    }

CONVERSATION_FILTER(user, WMC_FILTER_USER)
CONVERSATION_FILTER(room, WMC_FILTER_ROOM)
CONVERSATION_FILTER(exchange, WMC_FILTER_EXCHANGE)
CONVERSATION_FILTER(connection, WMC_FILTER_CONNECTION)

static void register_filters(const char *protocol)
{
    register_conversation_filter(protocol, "Workerman Chat: this user", has_user, build_user FILTER_DATA);
    register_conversation_filter(protocol, "Workerman Chat: this room", has_room, build_room FILTER_DATA);
    register_conversation_filter(protocol, "Workerman Chat: this exchange", has_exchange, build_exchange FILTER_DATA);
    register_conversation_filter(protocol, "Workerman Chat: this connection", has_connection, build_connection FILTER_DATA);
}

void wmc_follow_register(const struct wmc_core *rust, int proto, const struct wmc_registration *registration)
{
    core = rust;
    tap_name = registration->filter_name;
    register_follow_stream(proto, registration->filter_name, filter_of_packet, filter_of_stream, filter_of_addresses,
                           tcp_port_to_display, follow
#ifdef WMC_FOLLOW_COUNTS_STREAMS
                           , get_tcp_stream_count, NULL
#endif
    );
    register_filters(registration->filter_name);
}
