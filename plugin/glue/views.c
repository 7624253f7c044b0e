/* Views of the conversation as text: -z options of tshark. A tap hands what happens in each packet to a view of the core, which writes its page
 * when all packets have been seen. Wireshark shows the same pages in windows: see windows.c. */
#include "glue.h"

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is a -z option, NAME or NAME,FILTER, and an entry of Wireshark's menu. */
const struct wmc_option wmc_options[] = {
    { WMC_VIEW_TRANSCRIPT, WMC_LABEL_TRANSCRIPT, "workermanchat,transcript", true },
    { WMC_VIEW_SESSIONS, WMC_LABEL_SESSIONS, "workermanchat,sessions", false },
    { WMC_VIEW_USERS, WMC_LABEL_USERS, "workermanchat,users", false },
    { WMC_VIEW_TIMES, WMC_LABEL_TIMES, "workermanchat,times", false },
    { WMC_VIEW_DIAGRAM, WMC_LABEL_DIAGRAM, "workermanchat,diagram", true },
};
const size_t wmc_option_count = G_N_ELEMENTS(wmc_options);

static const struct wmc_core *core;
static const char *tap_name;
static int tap = -1;

bool wmc_is_tapped(void)
{
    return have_tap_listener(tap);
}

void wmc_tap(packet_info *pinfo, const struct wmc_plan *plan)
{
    wmc_failpoint("views::tap", pinfo);
    if (plan->tap_event != NULL)
        tap_queue_packet(tap, pinfo, plan->tap_event);
}

/* What listens to the tap is the core's view itself. */
static void clear(void *view)
{
    core->view_clear(view);
}

static tap_packet_status see(void *view, packet_info *pinfo, epan_dissect_t *dissection, const void *tap_event, tap_flags_t flags)
{
    core->view_see(view, (const struct wmc_tap_event *)tap_event);
    return TAP_PACKET_REDRAW;
}

/* tshark draws once, when all packets have been read. */
static void print(void *view)
{
    const char *piece;

    for (bool first = true; (piece = core->view_page(view, wmc_preferences(), first, true)) != NULL; first = false)
        fputs(piece, stdout);
    fflush(stdout);
}

static void finish(void *view)
{
    core->view_free(view);
}

/* The type that this version's callback returns; nothing in older ones. */
typedef __typeof__(((stat_tap_init_cb)NULL)(NULL, NULL)) wmc_init_result;

static wmc_init_result start(const char *argument, void *data)
{
    const struct wmc_option *option = (const struct wmc_option *)data;
    const char *rest = argument + strlen(option->name); /* Wireshark found the option by the beginning of the argument */
    GString *error;

    if (*rest != '\0' && *rest != ',') {
        fprintf(stderr, "-z %s: no such view; a filter stands behind a comma\n", argument);
        exit(1);
    }
    error = register_tap_listener(tap_name, core->view_new(option->view), *rest == ',' ? rest + 1 : NULL, TL_REQUIRES_NOTHING, clear, see,
                                  print, finish);
    if (error != NULL) {
        fprintf(stderr, "-z %s: %s\n", option->name, error->str);
        exit(1);
    }
    return (wmc_init_result)1;
}

static void register_options(void)
{
    static tap_param parameters[] = { { PARAM_FILTER, "filter", "Filter", NULL, true } };
    static stat_tap_ui uis[G_N_ELEMENTS(wmc_options)];

    for (size_t i = 0; i < G_N_ELEMENTS(wmc_options); i++) {
        const stat_tap_ui ui = {
            REGISTER_PACKET_STAT_GROUP_UNSORTED, wmc_options[i].name, wmc_options[i].name, start, G_N_ELEMENTS(parameters), parameters,
        };
        uis[i] = ui;
        register_stat_tap_ui(&uis[i], (void *)&wmc_options[i]);
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
