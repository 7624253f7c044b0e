/* Endpoints and conversations: -z endpoints,workermanchat of tshark, and the windows of that name in Wireshark. An endpoint is a user, with the
 * packets that carry messages of theirs and to them; a conversation is what one user says and another gets, each delivery with its packet. */
#include "glue.h"

#include <epan/conversation_table.h>
#include <epan/plugin_if.h>
#include <epan/tap.h>
#include <string.h>

/* What the tables count of a packet. */
struct packet {
    unsigned flags;
    int length;
    nstime_t since_first;
    nstime_t time;
};

/* A table that is being filled in tshark's only pass. */
struct table {
    struct wmc_late late;
    conv_hash_t *hash;
};

typedef void (*add_cb)(conv_hash_t *hash, struct packet *packet, const struct wmc_tap_event *tap_event);

static const struct wmc_core *core;
static const char *tap_name;
static GSList *tables;

/* Lifelines of the tables have no ports. So the port tells whether the name can stand in a display filter. */
enum { IN_FILTERS, NOT_IN_FILTERS };

static const char *filter_of_endpoint(endpoint_item_t *item, conv_filter_type_e filter)
{
    return item->port == IN_FILTERS ? core->user_field : CONV_FILTER_INVALID;
}

static const char *filter_of_conversation(conv_item_t *item, conv_filter_type_e filter)
{
    return item->src_port == IN_FILTERS && item->dst_port == IN_FILTERS ? core->user_field : CONV_FILTER_INVALID;
}

static et_dissector_info_t endpoint_info = { filter_of_endpoint };
static ct_dissector_info_t conversation_info = { filter_of_conversation };

static address named(const char *name)
{
    address end;

    set_address(&end, AT_STRINGZ, (int)strlen(name) + 1, name);
    return end;
}

static void add_endpoint(conv_hash_t *hash, struct packet *packet, const struct wmc_tap_event *tap_event)
{
    const struct wmc_parties parties = core->parties(tap_event, wmc_preferences());
    address user;

    if (parties.user == NULL || tap_event->index != 0)
        return; /* a packet counts once, with its first message */
    user = named(parties.user);
    hash->flags = packet->flags;
    add_endpoint_table_data(hash, &user, parties.user_in_filters ? IN_FILTERS : NOT_IN_FILTERS, !tap_event->by_server, 1, packet->length,
                            &endpoint_info, ENDPOINT_NONE);
}

static void add_conversation(conv_hash_t *hash, struct packet *packet, const struct wmc_tap_event *tap_event)
{
    const struct wmc_parties parties = core->parties(tap_event, wmc_preferences());
    address sender, user;

    if (parties.user == NULL || parties.sender == NULL)
        return;
    sender = named(parties.sender);
    user = named(parties.user);
    hash->flags = packet->flags;
    add_conversation_table_data(hash, &sender, &user, parties.sender_in_filters ? IN_FILTERS : NOT_IN_FILTERS,
                                parties.user_in_filters ? IN_FILTERS : NOT_IN_FILTERS, 1, packet->length, &packet->since_first, &packet->time,
                                &conversation_info, CONVERSATION_NONE);
}

static void add_late_endpoint(struct wmc_late *late, void *packet, const struct wmc_tap_event *tap_event)
{
    add_endpoint(((struct table *)late)->hash, (struct packet *)packet, tap_event);
    g_free(packet);
}

static void add_late_conversation(struct wmc_late *late, void *packet, const struct wmc_tap_event *tap_event)
{
    add_conversation(((struct table *)late)->hash, (struct packet *)packet, tap_event);
    g_free(packet);
}

static struct wmc_late *late_of(conv_hash_t *hash, wmc_late_cb then)
{
    struct table *table;

    for (GSList *known = tables; known != NULL; known = known->next)
        if (((struct table *)known->data)->hash == hash)
            return &((struct table *)known->data)->late;
    table = g_new0(struct table, 1);
    table->hash = hash;
    wmc_late_init(&table->late, then);
    tables = g_slist_prepend(tables, table);
    return &table->late;
}

/* A window may be closed before it is told what it is too early for. */
static bool has_windows(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info != NULL;
}

/* What a packet has below its messages counts in neither table. */
static tap_packet_status see(conv_hash_t *hash, packet_info *pinfo, const struct wmc_tap_event *tap_event, unsigned flags, add_cb add,
                             wmc_late_cb add_late)
{
    struct packet packet = { flags, (int)pinfo->fd->pkt_len, pinfo->rel_ts, pinfo->abs_ts };

    if (tap_event->index == UINT32_MAX)
        return TAP_PACKET_DONT_REDRAW;
    if (tap_event->first_pass && !has_windows())
        wmc_late_add(late_of(hash, add_late), tap_name, g_memdup2(&packet, sizeof packet), tap_event);
    else
        add(hash, &packet, tap_event);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status see_endpoint(void *hash, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped, tap_flags_t flags)
{
    return see((conv_hash_t *)hash, pinfo, (const struct wmc_tap_event *)tapped, flags, add_endpoint, add_late_endpoint);
}

static tap_packet_status see_conversation(void *hash, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped, tap_flags_t flags)
{
    return see((conv_hash_t *)hash, pinfo, (const struct wmc_tap_event *)tapped, flags, add_conversation, add_late_conversation);
}

void wmc_endpoints_register(const struct wmc_core *rust, int proto, const char *filter_name)
{
    core = rust;
    tap_name = filter_name;
    register_conversation_table(proto, true, see_conversation, see_endpoint);
}
