/* Views of the conversation as text: -z options of tshark, and text windows of Wireshark. A tap hands what happens in each packet to a view
 * of the core, which writes its page when all packets have been seen. */
#include "glue.h"

#include <epan/funnel.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ws_version.h>

/* A -z option, NAME or NAME,FILTER, and the entry of Wireshark's menu Statistics. */
struct option {
    enum wmc_view view;
    const char *title;
    const char *menu;
    const char *name;
};

/* Before 4.6, the menu Statistics has no submenu for what a plugin adds, and would show a slash. */
#if WIRESHARK_VERSION_MAJOR > 4 || (WIRESHARK_VERSION_MAJOR == 4 && WIRESHARK_VERSION_MINOR >= 6)
#define MENU "Workerman Chat/"
#else
#define MENU "Workerman Chat: "
#endif

static const struct option options[] = {
    { WMC_VIEW_TRANSCRIPT, "Workerman Chat: transcript", MENU "Transcript", "workermanchat,transcript" },
    { WMC_VIEW_SESSIONS, "Workerman Chat: sessions", MENU "Sessions", "workermanchat,sessions" },
    { WMC_VIEW_USERS, "Workerman Chat: users", MENU "Users", "workermanchat,users" },
    { WMC_VIEW_TIMES, "Workerman Chat: response times", MENU "Response times", "workermanchat,times" },
    { WMC_VIEW_DIAGRAM, "Workerman Chat: sequence diagram", MENU "Sequence Diagram (Mermaid)", "workermanchat,diagram" },
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
    wmc_failpoint("views::tap", pinfo);
    if (plan->tap_event != NULL)
        tap_queue_packet(tap, pinfo, plan->tap_event);
}

/* A view that listens to the tap, and where its page goes. */
struct listener {
    void *view;
    const funnel_ops_t *funnel;
    funnel_text_window_t *window; /* NULL: to the standard output */
};

static void clear(void *data)
{
    core->view_clear(((struct listener *)data)->view);
}

static tap_packet_status see(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tap_event, tap_flags_t flags)
{
    core->view_see(((struct listener *)data)->view, (const struct wmc_tap_event *)tap_event);
    return TAP_PACKET_REDRAW;
}

static void put(const struct listener *listener, const char *piece)
{
    if (listener->window != NULL)
        listener->funnel->append_text(listener->window, piece);
    else
        fputs(piece, stdout);
}

/* tshark draws once, when all packets have been read; Wireshark whenever there is something new. */
static void draw(void *data)
{
    const struct listener *listener = (const struct listener *)data;
    const bool at_end = listener->window == NULL;
    const char *piece;

    if (listener->window != NULL)
        listener->funnel->set_text(listener->window, "");
    for (bool first = true; (piece = core->view_page(listener->view, wmc_preferences(), first, at_end)) != NULL; first = false)
        put(listener, piece);
    fflush(stdout);
}

static void finish(void *data)
{
    struct listener *listener = (struct listener *)data;

    core->view_free(listener->view);
    g_free(listener);
}

/* Returns what is wrong with the filter, or NULL. */
static GString *listen(struct listener *listener, const char *filter)
{
    return register_tap_listener(tap_name, listener, filter, TL_REQUIRES_NOTHING, clear, see, draw, finish);
}

static struct listener *new_listener(const struct option *option)
{
    struct listener *listener = g_new0(struct listener, 1);

    listener->view = core->view_new(option->view);
    return listener;
}

/* The type that this version's callback returns; nothing in older ones. */
typedef __typeof__(((stat_tap_init_cb)NULL)(NULL, NULL)) wmc_init_result;

static wmc_init_result start(const char *argument, void *data)
{
    const struct option *option = (const struct option *)data;
    const char *rest = argument + strlen(option->name); /* Wireshark found the option by the beginning of the argument */
    GString *error;

    if (*rest != '\0' && *rest != ',') {
        fprintf(stderr, "-z %s: no such view; a filter stands behind a comma\n", argument);
        exit(1);
    }
    error = listen(new_listener(option), *rest == ',' ? rest + 1 : NULL);
    if (error != NULL) {
        fprintf(stderr, "-z %s: %s\n", option->name, error->str);
        exit(1);
    }
    return (wmc_init_result)1;
}

static void close_window(void *data)
{
    remove_tap_listener(data);
}

/* Wireshark's menu: the page in a text window. */
static void open_window(void *data)
{
    const struct option *option = (const struct option *)data;
    struct listener *listener;
    GString *error;

    if (funnel_get_funnel_ops() == NULL)
        return;
    listener = new_listener(option);
    listener->funnel = funnel_get_funnel_ops();
    listener->window = listener->funnel->new_text_window(listener->funnel->ops_id, option->title);
    error = listen(listener, NULL);
    if (error != NULL) {
        listener->funnel->set_text(listener->window, error->str);
        g_string_free(error, TRUE);
        finish(listener);
        return;
    }
    listener->funnel->set_close_cb(listener->window, close_window, listener);
    listener->funnel->retap_packets(listener->funnel->ops_id);
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
        funnel_register_menu(options[i].menu, REGISTER_PACKET_STAT_GROUP_UNSORTED, open_window, (void *)&options[i], NULL, false);
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
