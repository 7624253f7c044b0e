/* The flow graph: -z flow,workermanchat,network of tshark, and Statistics, Flow Graph of Wireshark.
 *
 * Wireshark takes in an item a message, and draws. Between which lifelines an arrow goes, and what stands on it, is known when the last packet
 * has been dissected: on a later pass, which is how Wireshark fills its graph, at once; in tshark's only pass, when the taps draw (late.c). */
#include "glue.h"

#include <epan/address.h>
#include <epan/tap.h>
#include <string.h>

/* Wireshark installs no header with these. So that is declared here what all supported versions' libraries have, and tried before anything is
 * registered: see `fits`. Wireshark makes the items; behind these members there are others. */

struct item {
    uint32_t frame;
    address from;
    uint16_t from_port;
    address to;
    uint16_t to_port;
    char *label;
    char *time;
    char *comment;
    uint16_t conversation;
    unsigned background;
    unsigned foreground;
    wmc_truth has_color;
    wmc_truth is_displayed;
    unsigned from_node;
    unsigned to_node;
    uint16_t line_style;
};

struct graph {
    const char *name;
    wmc_truth any_address;
    int conversations;
    GQueue *items;
};

WS_DLL_PUBLIC void register_seq_analysis(const char *name, const char *title, int proto, const char *tap, unsigned flags, tap_packet_cb see);
WS_DLL_PUBLIC struct item *sequence_analysis_create_sai_with_addresses(packet_info *pinfo, struct graph *graph);
WS_DLL_PUBLIC void sequence_analysis_use_color_filter(packet_info *pinfo, struct item *item);
WS_DLL_PUBLIC struct graph *sequence_analysis_info_new(void);
WS_DLL_PUBLIC void sequence_analysis_info_free(struct graph *graph);
WS_DLL_PUBLIC int sequence_analysis_get_nodes(struct graph *graph);

/* Room for what stands behind the members of an item, in the trial alone. */
#define ROOM 1024

static void name_lifeline(address *end, const char *name)
{
    free_address(end);
    alloc_address_wmem(NULL, end, AT_STRINGZ, (int)strlen(name) + 1, name);
}

static struct item *trial_item(const char *from, const char *to)
{
    struct item *item = (struct item *)g_malloc0(ROOM);

    alloc_address_wmem(NULL, &item->from, AT_STRINGZ, (int)strlen(from) + 1, from);
    alloc_address_wmem(NULL, &item->to, AT_STRINGZ, (int)strlen(to) + 1, to);
    item->is_displayed = true;
    return item;
}

/* Whether Wireshark's library reads and writes the members where they are declared: it counts the two arrows that are displayed, and says of
 * each between which of their three lifelines it goes. */
static bool fits(void)
{
    struct graph *graph = sequence_analysis_info_new();
    bool is_so = graph->items != NULL && graph->items->head == NULL && graph->items->tail == NULL && graph->items->length == 0;
    struct item *first, *hidden, *last;

    if (!is_so)
        return false; /* whatever it is, nothing of it is touched */
    first = trial_item("a", "b");
    hidden = trial_item("c", "d");
    last = trial_item("b", "e");
    hidden->is_displayed = false;
    g_queue_push_tail(graph->items, first);
    g_queue_push_tail(graph->items, hidden);
    g_queue_push_tail(graph->items, last);
    is_so = sequence_analysis_get_nodes(graph) == 2;
    is_so = is_so && first->from_node == 0 && first->to_node == 1 && last->from_node == 1 && last->to_node == 2;
    is_so = is_so && first->line_style == 0 && !first->has_color;
    sequence_analysis_info_free(graph);
    return is_so;
}

/* A graph that is being filled. Wireshark does not say when it is closed: what is kept of one is taken for the next at its place. */
struct filled {
    struct wmc_late late;
    struct graph *graph;
    void *flow; /* the core's */
};

static const struct wmc_core *core;
static const char *tap_name;
static GSList *all_filled;

static void write_on(struct filled *filled, struct item *item, const struct wmc_tap_event *tap_event)
{
    const struct wmc_arrow *arrow = core->flow_arrow(filled->flow, tap_event, wmc_preferences());

    item->is_displayed = arrow != NULL;
    if (arrow == NULL)
        return;
    item->label = g_strdup(arrow->label);
    item->comment = g_strdup(arrow->comment);
    if (arrow->from != NULL) {
        name_lifeline(&item->from, arrow->from);
        name_lifeline(&item->to, arrow->to);
    }
}

static void write_late(struct wmc_late *late, void *item, const struct wmc_tap_event *tap_event)
{
    write_on((struct filled *)late, (struct item *)item, tap_event);
}

/* Begins anew where the graph is empty. */
static struct filled *filled_of(struct graph *graph)
{
    struct filled *filled = NULL;

    for (GSList *known = all_filled; known != NULL; known = known->next)
        if (((struct filled *)known->data)->graph == graph)
            filled = (struct filled *)known->data;
    if (filled != NULL) {
        if (graph->items->length == 0)
            core->flow_clear(filled->flow);
        return filled;
    }
    filled = g_new0(struct filled, 1);
    filled->graph = graph;
    filled->flow = core->flow_new();
    wmc_late_init(&filled->late, write_late);
    all_filled = g_slist_prepend(all_filled, filled);
    return filled;
}

static tap_packet_status see(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped, tap_flags_t flags)
{
    struct graph *graph = (struct graph *)data;
    const struct wmc_tap_event *tap_event = (const struct wmc_tap_event *)tapped;
    struct filled *filled;
    struct item *item;

    if (tap_event->index == UINT32_MAX)
        return TAP_PACKET_DONT_REDRAW;
    filled = filled_of(graph);
    item = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    if (item == NULL)
        return TAP_PACKET_DONT_REDRAW;
    item->frame = tap_event->frame;
    item->line_style = 1;
    sequence_analysis_use_color_filter(pinfo, item);
    if (tap_event->first_pass)
        wmc_late_add(&filled->late, tap_name, item, tap_event);
    else
        write_on(filled, item, tap_event);
    g_queue_push_tail(graph->items, item);
    return TAP_PACKET_REDRAW;
}

void wmc_flow_register(const struct wmc_core *rust, int proto, const char *filter_name, const char *name)
{
    core = rust;
    tap_name = filter_name;
    if (fits())
        register_seq_analysis(filter_name, name, proto, filter_name, TL_REQUIRES_NOTHING, see);
}
