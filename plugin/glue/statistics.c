/* The statistics tree: -z workermanchat,tree of tshark, and the Statistics menu.
 *
 * Wireshark's tree takes in packet by packet, and is drawn at the end. What a message is, and who got it, is known when the last packet has
 * been dissected: on a later pass, which is how Wireshark fills its trees, at once; in tshark's only pass, when the taps draw. Listeners
 * draw in the reverse order of their registration, so that one registered after the tree's own draws before it: it counts what was seen. */
#include "glue.h"

#include <epan/stats_tree.h>
#include <epan/tap.h>

/* What belongs to an open tree. */
struct statistics {
    stats_tree *tree;
    void *counted; /* the core's */
    GArray *nodes; /* the tree's number of each row */
    bool listens;
};

static const struct wmc_core *core;
static const char *tap_name;
static GSList *open_trees;

static struct statistics *statistics_of(const stats_tree *tree)
{
    for (GSList *open = open_trees; open != NULL; open = open->next)
        if (((struct statistics *)open->data)->tree == tree)
            return (struct statistics *)open->data;
    return NULL;
}

/* Counts are set, not added to: Wireshark would take them for a burst at the time of the last packet. */
static void show(struct statistics *s, const struct wmc_row *row)
{
    const int under = row->parent < 0 ? 0 : g_array_index(s->nodes, int, row->parent);
    const int count = row->count > G_MAXINT ? G_MAXINT : (int)row->count;
    const int node = stats_tree_manip_node_int(MN_SET, s->tree, row->name, under, row->is_parent, count);

    for (size_t i = 0; i < row->time_count; i++)
        stats_tree_manip_node_int(MN_AVERAGE_NOTICK, s->tree, row->name, under, row->is_parent, (int)row->times[i]);
    if (row->place >= s->nodes->len)
        g_array_set_size(s->nodes, row->place + 1);
    g_array_index(s->nodes, int, row->place) = node;
}

static void count(void *data)
{
    struct statistics *s = (struct statistics *)data;
    const struct wmc_rows changed = core->statistics_count(s->counted, wmc_preferences());

    for (size_t i = 0; i < changed.count; i++)
        show(s, &changed.rows[i]);
}

static void clear(void *data)
{
    struct statistics *s = (struct statistics *)data;

    core->statistics_clear(s->counted);
    g_array_set_size(s->nodes, 0);
}

/* Wireshark removes the listener. */
static void removed(void *data)
{
    ((struct statistics *)data)->listens = false;
}

/* Wireshark calls it for a new tree and for one that it fills again. */
static void open_tree(stats_tree *tree)
{
    struct statistics *s = statistics_of(tree);

    if (s != NULL) {
        clear(s);
        return;
    }
    s = g_new0(struct statistics, 1);
    s->tree = tree;
    s->counted = core->statistics_new();
    s->nodes = g_array_new(FALSE, TRUE, sizeof(int));
    s->listens = register_tap_listener(tap_name, s, NULL, TL_REQUIRES_NOTHING, clear, NULL, count, removed) == NULL;
    open_trees = g_slist_prepend(open_trees, s);
}

static void close_tree(stats_tree *tree)
{
    struct statistics *s = statistics_of(tree);

    if (s == NULL)
        return;
    open_trees = g_slist_remove(open_trees, s);
    if (s->listens)
        remove_tap_listener(s);
    core->statistics_free(s->counted);
    g_array_free(s->nodes, TRUE);
    g_free(s);
}

static tap_packet_status see(stats_tree *tree, packet_info *pinfo, epan_dissect_t *dissection, const void *tapped,
                             tap_flags_t flags)
{
    const struct wmc_tap_event *tap_event = (const struct wmc_tap_event *)tapped;
    struct statistics *s = statistics_of(tree);

    if (s == NULL)
        return TAP_PACKET_DONT_REDRAW;
    core->statistics_see(s->counted, tap_event);
    if (!tap_event->first_pass)
        count(s);
    return TAP_PACKET_REDRAW;
}

void wmc_statistics_register(const struct wmc_core *rust, const char *filter_name, const char *name)
{
    core = rust;
    tap_name = filter_name;
    /* Wireshark's menu has it beside that of the other views, where it would be taken for the same. */
    char *title = g_strdup_printf("%s: %s", name, core->label(WMC_LABEL_COUNTS, wmc_language_of_menus(core)));
    stats_tree_register_plugin(filter_name, filter_name, title, TL_REQUIRES_NOTHING, see, open_tree, close_tree);
    g_free(title); /* It is copied. */
}
