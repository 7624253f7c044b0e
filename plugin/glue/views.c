/* Views of the conversation as text: -z options of tshark. A tap hands what happens in each packet to a view of the core, which writes its page
 * when all packets have been seen. Wireshark shows the same pages in windows: see windows.c. */
#include "glue.h"

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each is a -z option, NAME or NAME,FILTER, and an entry of Wireshark's menu, unless it has no label. */
const struct wmc_option wmc_options[] = {
    { WMC_VIEW_TRANSCRIPT, WMC_LABEL_TRANSCRIPT, "workermanchat,transcript", true, false },
    { WMC_VIEW_SESSIONS, WMC_LABEL_SESSIONS, "workermanchat,sessions", false, true },
    { WMC_VIEW_USERS, WMC_LABEL_USERS, "workermanchat,users", false, true },
    { WMC_VIEW_TIMES, WMC_LABEL_TIMES, "workermanchat,times", false, true },
    { WMC_VIEW_DIAGRAM, WMC_LABEL_DIAGRAM, "workermanchat,diagram", true, false },
    { WMC_VIEW_PAGE, WMC_LABEL_PAGE, "workermanchat,page", true, false },
    { WMC_VIEW_HTML, WMC_LABEL_WEB_PAGE, "workermanchat,html", false, false },
    { WMC_VIEW_LIVE, WMC_LABEL_NONE, "workermanchat,live", false, false },
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

/* The exit statuses where a page could not be written (EX_IOERR of sysexits.h), and where nobody reads it any more, as SIGPIPE has it where
 * it is not ignored. plugin/annotate knows them. */
#define NOT_WRITTEN 74
#define NOT_READ 141

/* A view that listens to the tap. */
struct listener {
    const struct wmc_option *option;
    void *view;
    struct listener *itself; /* its address is the data of a second listener, which hears of every frame */
    bool any_frame;
};

static void clear(void *data)
{
    core->view_clear(((struct listener *)data)->view);
}

/* What is written to a full disk or a closed pipe is lost, which is told. */
static void end_output(const struct listener *listener)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    if (errno == EPIPE)
        exit(NOT_READ);
    fprintf(stderr, "-z %s: could not be written: %s\n", listener->option->name, g_strerror(errno));
    exit(NOT_WRITTEN);
}

static void put_seen(const struct listener *listener)
{
    const char *piece = core->view_seen(listener->view, wmc_preferences());

    if (piece == NULL)
        return;
    fputs(piece, stdout);
    end_output(listener);
}

static tap_packet_status see(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tap_event, tap_flags_t flags)
{
    core->view_see(((struct listener *)data)->view, (const struct wmc_tap_event *)tap_event);
    return TAP_PACKET_REDRAW;
}

/* The frame's own tap comes last. */
static tap_packet_status see_frame(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *frame, tap_flags_t flags)
{
    struct listener *listener = *(struct listener **)data;

    listener->any_frame = true;
    put_seen(listener);
    return TAP_PACKET_DONT_REDRAW;
}

/* How much of a page is written, on a terminal that does not show the page itself. */
struct progress {
    bool is_shown;
    size_t written;
    int64_t next; /* when it is said next; microseconds */
};

static void show_progress(struct progress *progress, const char *piece)
{
    int64_t now;

    if (!progress->is_shown)
        return;
    progress->written += strlen(piece);
    now = g_get_monotonic_time();
    if (now < progress->next)
        return;
    if (progress->next > 0)
        fprintf(stderr, "\r%zu MB\r", progress->written / 1000000);
    progress->next = now + G_USEC_PER_SEC;
}

/* tshark draws once, when all packets have been read. */
static void print(void *data)
{
    const struct listener *listener = (const struct listener *)data;
    struct progress progress = { isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO), 0, 0 };
    const char *piece;

    if (listener->option->view == WMC_VIEW_LIVE && !listener->any_frame) {
        fputs("No packet came on standard input: did the capture start (rights, tcpdump installed)?\n", stderr);
        exit(1);
    }
    for (bool first = true; (piece = core->view_page(listener->view, wmc_preferences(), first, true)) != NULL; first = false) {
        fputs(piece, stdout);
        show_progress(&progress, piece);
    }
    end_output(listener);
}

static void finish(void *data)
{
    struct listener *listener = (struct listener *)data;

    core->view_free(listener->view);
    g_free(listener);
}

static struct listener *new_listener(const struct wmc_option *option)
{
    struct listener *listener = g_new0(struct listener, 1);

    listener->option = option;
    listener->itself = listener;
    listener->view = core->view_new(option->view);
    return listener;
}

/* The type that this version's callback returns; nothing in older ones. */
typedef __typeof__(((stat_tap_init_cb)NULL)(NULL, NULL)) wmc_init_result;

static wmc_init_result start(const char *argument, void *data)
{
    const struct wmc_option *option = (const struct wmc_option *)data;
    struct listener *listener;
    const char *rest = argument + strlen(option->name); /* Wireshark found the option by the beginning of the argument */
    GString *error;

    if (*rest != '\0' && *rest != ',') {
        fprintf(stderr, "-z %s: no such view; a filter stands behind a comma\n", argument);
        exit(1);
    }
    listener = new_listener(option);
    error = register_tap_listener(tap_name, listener, *rest == ',' ? rest + 1 : NULL, TL_REQUIRES_NOTHING, clear, see, print, finish);
    if (error == NULL && option->view == WMC_VIEW_LIVE)
        error = register_tap_listener("frame", &listener->itself, NULL, TL_REQUIRES_NOTHING, NULL, see_frame, NULL, NULL);
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
