/* What Wireshark offers for the conversation of a packet: Follow (-z follow,workermanchat in tshark), and conversation filters. */
#include "glue.h"

#include <epan/addr_resolv.h>
#include <epan/conversation_filter.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/follow.h>
#include <epan/tap.h>
#include <epan/to_str.h>

static const struct wmc_core *core;

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
static void know_ends(follow_info_t *follow, const packet_info *pinfo, bool by_server)
{
    if (follow->client_port != 0)
        return;
    follow->client_port = by_server ? pinfo->destport : pinfo->srcport;
    follow->server_port = by_server ? pinfo->srcport : pinfo->destport;
    copy_address(&follow->client_ip, by_server ? &pinfo->dst : &pinfo->src);
    copy_address(&follow->server_ip, by_server ? &pinfo->src : &pinfo->dst);
}

static tap_packet_status follow(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped, tap_flags_t flags)
{
    follow_info_t *info = (follow_info_t *)data;
    const struct wmc_tap_event *tap_event = (const struct wmc_tap_event *)tapped;
    const char *line = core->follow_line(tap_event, wmc_preferences());
    follow_record_t *record;

    if (line == NULL)
        return TAP_PACKET_DONT_REDRAW;
    know_ends(info, pinfo, tap_event->by_server);
    record = g_new0(follow_record_t, 1);
    record->is_server = tap_event->by_server;
    record->packet_num = tap_event->frame;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_append(g_byte_array_new(), (const uint8_t *)line, (unsigned)strlen(line));
    info->bytes_written[tap_event->by_server] += record->data->len;
    info->payload = g_list_prepend(info->payload, record);
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
    register_follow_stream(proto, registration->filter_name, filter_of_packet, filter_of_stream, filter_of_addresses,
                           tcp_port_to_display, follow
#ifdef WMC_FOLLOW_COUNTS_STREAMS
                           , get_tcp_stream_count, NULL
#endif
    );
    register_filters(registration->filter_name);
}
