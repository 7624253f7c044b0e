/* Views of the conversation as text: -z options of tshark. A tap hands what happens in each packet to a view of the core, which writes its
 * page when all packets have been seen. */
#include "glue.h"

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A -z option: NAME, or NAME,FILTER. */
struct option {
    enum wmc_view view;
    const char *title;
    const char *name;
};

static const struct option options[] = {
    { WMC_VIEW_TRANSCRIPT, "Workerman Chat transcript", "workermanchat,transcript" },
    { WMC_VIEW_SESSIONS, "Workerman Chat sessions", "workermanchat,sessions" },
    { WMC_VIEW_DIAGRAM, "Workerman Chat diagram", "workermanchat,diagram" },
};

static const struct wmc_core *core;
static const char *tap_name;
static int tap = -1;

bool wmc_is_tapped(void)
{
    return have_tap_listener(tap);
}

void wmc_tap(packet_info *pinfo, const struct wmc_plan *plan)
{
    if (plan->sighting != NULL)
        tap_queue_packet(tap, pinfo, plan->sighting);
}

static void clear(void *view)
{
    core->view_clear(view);
}

static tap_packet_status see(void *view, packet_info *pinfo, epan_dissect_t *dissection, const void *sighting, tap_flags_t flags)
{
    core->view_see(view, (const struct wmc_sighting *)sighting);
    return TAP_PACKET_REDRAW;
}

/* tshark draws once, when all packets have been read. */
static void print(void *view)
{
    const char *piece = core->view_page(view, wmc_preferences(), true, true);

    for (; piece != NULL; piece = core->view_page(view, wmc_preferences(), false, true))
        fputs(piece, stdout);
    fflush(stdout);
}

/* The type that this version's callback returns; nothing in older ones. */
typedef __typeof__(((stat_tap_init_cb)NULL)(NULL, NULL)) wmc_init_result;

static wmc_init_result start(const char *argument, void *data)
{
    const struct option *option = (const struct option *)data;
    const size_t length = strlen(option->name);
    const char *filter = strlen(argument) > length && argument[length] == ',' ? argument + length + 1 : NULL;
    void *view = core->view_new(option->view);
    GString *error = register_tap_listener(tap_name, view, filter, TL_REQUIRES_NOTHING, clear, see, print, core->view_free);

    if (error != NULL) {
        fprintf(stderr, "-z %s: %s\n", option->name, error->str);
        exit(1);
    }
    return (wmc_init_result)1;
}

static void register_options(void)
{
    static tap_param parameters[] = { { PARAM_FILTER, "filter", "Filter", NULL, true } };
    static stat_tap_ui uis[G_N_ELEMENTS(options)];

    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        const stat_tap_ui ui = {
            REGISTER_PACKET_STAT_GROUP_UNSORTED, options[i].title, options[i].name, start, G_N_ELEMENTS(parameters), parameters,
        };
        uis[i] = ui;
        register_stat_tap_ui(&uis[i], (void *)&options[i]);
    }
}

void wmc_views_register(const struct wmc_core *rust, const char *filter_name)
{
    static tap_plugin plugin = { register_options };

    core = rust;
    tap_name = filter_name;
    tap = register_tap(filter_name);
    tap_register_plugin(&plugin);
}
