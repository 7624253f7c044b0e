/* The views in Wireshark: a menu of their own, and the page of each in a text window with buttons. */
#include "glue.h"

#include <epan/funnel.h>
#include <epan/plugin_if.h>
#include <epan/tap.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wsutil/report_message.h>

/* The menu of Wireshark's that this one stands in. */
#define PARENT "Statistics"

static const struct wmc_core *core;
static const char *tap_name;

static const char *words(enum wmc_label label)
{
    return core->label(label, wmc_preferences()->language);
}

/* The web page, in the browser. Its file stays: the browser reads it when it likes. Only its owner can. */

static tap_packet_status see_for_page(void *view, packet_info *pinfo, epan_dissect_t *dissection, const void *tap_event, tap_flags_t flags)
{
    core->view_see(*(void **)view, (const struct wmc_tap_event *)tap_event);
    return TAP_PACKET_DONT_REDRAW;
}

static void clear_for_page(void *view)
{
    core->view_clear(*(void **)view);
}

/* Writes the page of a view, all of it or none. Returns its path, which is freed by the caller; NULL if that failed, which is told. */
static char *write_web_page(void *view)
{
    GError *error = NULL;
    char *path = NULL;
    const int descriptor = g_file_open_tmp("workermanchat-XXXXXX.html", &path, &error);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    const char *piece;
    bool is_written;

    if (file == NULL) {
        report_warning("Workerman Chat: %s", error != NULL ? error->message : g_strerror(errno));
        g_clear_error(&error);
        g_free(path);
        return NULL;
    }
    for (bool first = true; (piece = core->view_page(view, wmc_preferences(), first, false)) != NULL; first = false)
        fputs(piece, file);
    is_written = !ferror(file);
    is_written = fclose(file) == 0 && is_written;
    if (!is_written) {
        report_warning("Workerman Chat: %s: %s", path, g_strerror(errno));
        g_unlink(path);
        g_clear_pointer(&path, g_free);
    }
    return path;
}

/* Where no browser is found, its user can open the file with another program. */
static void open_in_browser(const funnel_ops_t *funnel, const char *path)
{
    char *address = g_filename_to_uri(path, NULL, NULL);

    if (address == NULL || !funnel->browser_open_url(address))
        report_warning("Workerman Chat: no browser was found; the page is %s", path);
    g_free(address);
}

/* Reads the packets again, those that a filter matches (NULL: all), and shows what they are as a web page. */
static void open_web_page(const char *filter)
{
    const funnel_ops_t *funnel = funnel_get_funnel_ops();
    void *view = core->view_new(WMC_VIEW_HTML);
    GString *error = register_tap_listener(tap_name, &view, filter, TL_REQUIRES_NOTHING, clear_for_page, see_for_page, NULL, NULL);
    char *path;

    if (error != NULL) {
        report_warning("Workerman Chat: %s", error->str);
        g_string_free(error, TRUE);
    } else {
        funnel->retap_packets(funnel->ops_id);
        remove_tap_listener(&view);
        path = write_web_page(view);
        if (path != NULL)
            open_in_browser(funnel, path);
        g_free(path);
    }
    core->view_free(view);
}

static void web_page_of_all(ext_menubar_gui_type gui, void *main_window, void *data)
{
    open_web_page(NULL);
}

/* A window with the page of a view. */
struct window {
    void *view;
    const struct wmc_option *option;
    const funnel_ops_t *funnel;
    funnel_text_window_t *text;
    GString *shown;    /* the page as it stands there */
    char *filter;      /* NULL: all packets */
    int64_t next_page; /* before then, the page is not written anew; microseconds */
    struct reminder {
        struct window *window;
    } reminder;
};

/* A window that was closed while a question of its own is still open is not there any more. */
static GSList *windows;

static bool is_open(const void *window)
{
    return g_slist_find(windows, window) != NULL;
}

/* A page takes its time, and its reader, too: it is written anew once a second at most, and a quarter of the time at most. */
#define SECOND G_USEC_PER_SEC
#define QUARTER 4

/* What may be wrong with a listener is its filter, and this one has none, or one that was in force before. */
static void listen(GString *error)
{
    if (error != NULL)
        g_string_free(error, TRUE);
}

/* Listeners that have nothing new are not drawn. So what is put off is remembered by a second listener: marked while the window's own is drawn,
 * it is drawn behind it, and marks that one for the next time. */
static void mark(void *listener, const char *filter)
{
    listen(set_tap_dfilter(listener, filter));
}

static void remind(void *data)
{
    const struct window *window = ((const struct reminder *)data)->window;

    if (window->next_page > g_get_monotonic_time())
        mark((void *)window, window->filter);
}

static GString *page_of(struct window *window)
{
    GString *page = g_string_new(NULL);
    const char *piece;

    if (window->filter != NULL)
        g_string_append_printf(page, "%s: %s\n\n", words(WMC_LABEL_LIMIT_TO_FILTER), window->filter);
    for (bool first = true; (piece = core->view_page(window->view, wmc_preferences(), first, false)) != NULL; first = false)
        g_string_append(page, piece);
    return page;
}

/* Wireshark scrolls to the beginning of a text that is set, and to the end of one that is appended to. */
static void show(struct window *window, GString *page)
{
    const bool goes_on = window->shown->len > 0 && strncmp(page->str, window->shown->str, window->shown->len) == 0;

    if (!goes_on)
        window->funnel->set_text(window->text, page->str);
    else if (page->len > window->shown->len)
        window->funnel->append_text(window->text, page->str + window->shown->len);
    g_string_free(window->shown, TRUE);
    window->shown = page;
}

static void draw(void *data)
{
    struct window *window = (struct window *)data;
    const int64_t begin = g_get_monotonic_time();

    if (begin < window->next_page) {
        mark(&window->reminder, NULL);
        return;
    }
    show(window, page_of(window));
    window->next_page = g_get_monotonic_time();
    window->next_page += MAX(SECOND, QUARTER * (window->next_page - begin));
}

static void clear(void *data)
{
    core->view_clear(((struct window *)data)->view);
}

static tap_packet_status see(void *data, packet_info *pinfo, epan_dissect_t *dissection, const void *tap_event, tap_flags_t flags)
{
    core->view_see(((struct window *)data)->view, (const struct wmc_tap_event *)tap_event);
    return TAP_PACKET_REDRAW;
}

static void close_window(void *data)
{
    struct window *window = (struct window *)data;

    windows = g_slist_remove(windows, window);
    remove_tap_listener(window);
    remove_tap_listener(&window->reminder);
    core->view_free(window->view);
    g_string_free(window->shown, TRUE);
    g_free(window->filter);
    g_free(window);
}

/* Buttons. What they do with a packet, they do with the one whose number is entered; at first, that is the one that is selected. */

typedef __typeof__(((funnel_bt_cb_t)NULL)(NULL, NULL)) wmc_button_result;

static uint32_t selected_packet(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info != NULL && info->cf_framenr > 0 ? info->cf_framenr : 1;
}

static void ask(struct window *window, enum wmc_label title, enum wmc_label what, const char *proposed, funnel_dlg_cb_t then)
{
    const char *names[] = { words(what), NULL };
    const char *values[] = { proposed, NULL };

    window->funnel->new_dialog(window->funnel->ops_id, words(title), names, values, then, window, NULL);
}

static void ask_for_packet(struct window *window, enum wmc_label title, funnel_dlg_cb_t then)
{
    char *selected = g_strdup_printf("%u", selected_packet());

    ask(window, title, WMC_LABEL_PACKET_NUMBER, selected, then);
    g_free(selected);
}

/* What was entered, which the caller frees; nothing is an empty text. */
static char *text_in(char **input)
{
    char *text = g_strdup(input != NULL && input[0] != NULL ? input[0] : "");

    g_strfreev(input);
    return text;
}

/* The number that was entered; 0 for none. */
static uint32_t number_in(char **input)
{
    char *text = text_in(input);
    const unsigned long number = strtoul(text, NULL, 10);

    g_free(text);
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static void go_to(char **input, void *data)
{
    const uint32_t number = number_in(input);

    if (number > 0)
        plugin_if_goto_frame(number);
}

static void filter_by(char **input, void *data)
{
    const uint32_t number = number_in(input);

    if (number > 0)
        plugin_if_apply_filter(core->exchange_filter(number), true);
}

static wmc_button_result go_to_packet(funnel_text_window_t *text, void *window)
{
    ask_for_packet((struct window *)window, WMC_LABEL_GO_TO_PACKET, go_to);
    return true;
}

static wmc_button_result apply_as_filter(funnel_text_window_t *text, void *window)
{
    ask_for_packet((struct window *)window, WMC_LABEL_APPLY_AS_FILTER, filter_by);
    return true;
}

static void sort_by(char **input, void *data)
{
    struct window *window = (struct window *)data;
    char *column = text_in(input);

    if (is_open(window)) {
        if (core->view_sort(window->view, wmc_preferences(), column))
            show(window, page_of(window));
        else
            ask(window, WMC_LABEL_SORT, WMC_LABEL_COLUMN, column, sort_by);
    }
    g_free(column);
}

static wmc_button_result sort(funnel_text_window_t *text, void *window)
{
    ask((struct window *)window, WMC_LABEL_SORT, WMC_LABEL_COLUMN, "", sort_by);
    return true;
}

static void write_to(char **input, void *data)
{
    const struct window *window = (const struct window *)data;
    char *path = text_in(input);
    GError *error = NULL;

    if (is_open(window) && *path != '\0' && !g_file_set_contents(path, window->shown->str, (gssize)window->shown->len, &error)) {
        report_warning("Workerman Chat: %s", error->message);
        g_error_free(error);
    }
    g_free(path);
}

static wmc_button_result save_as(funnel_text_window_t *text, void *data)
{
    struct window *window = (struct window *)data;
    char *name = g_strdelimit(g_strdup(window->option->name), ",", '-'); /* such as workermanchat-users */
    char *file = g_strconcat(name, ".txt", NULL);
    char *path = g_build_filename(g_get_home_dir(), file, NULL);

    ask(window, WMC_LABEL_SAVE_AS, WMC_LABEL_FILE, path, write_to);
    g_free(path);
    g_free(file);
    g_free(name);
    return true;
}

static wmc_button_result copy(funnel_text_window_t *text, void *window)
{
    ((struct window *)window)->funnel->copy_to_clipboard(((struct window *)window)->shown);
    return true;
}

/* With the display filter that stands in the main window, or without one again. */
static wmc_button_result limit_to_filter(funnel_text_window_t *text, void *data)
{
    struct window *window = (struct window *)data;
    const char *filter = window->filter == NULL ? window->funnel->get_filter(window->funnel->ops_id) : NULL;
    GString *error;

    g_free(window->filter);
    window->filter = filter != NULL && *filter != '\0' ? g_strdup(filter) : NULL;
    error = set_tap_dfilter(window, window->filter);
    if (error != NULL) {
        g_string_free(error, TRUE); /* Wireshark's line for the filter says so */
        g_clear_pointer(&window->filter, g_free);
        mark(window, NULL);
    }
    window->next_page = 0;
    window->funnel->retap_packets(window->funnel->ops_id);
    return true;
}

static wmc_button_result web_page(funnel_text_window_t *text, void *window)
{
    open_web_page(((struct window *)window)->filter);
    return true;
}

static void keep(void *window)
{
}

static void add_button(struct window *window, enum wmc_label label, funnel_bt_cb_t press)
{
    funnel_bt_t *button = g_new0(funnel_bt_t, 1);

    button->tw = window->text;
    button->func = press;
    button->data = window;
    button->free_fcn = g_free;
    button->free_data_fcn = keep;
    window->funnel->add_button(window->text, button, words(label));
}

static void add_buttons(struct window *window)
{
    if (window->option->has_frames) {
        add_button(window, WMC_LABEL_GO_TO_PACKET, go_to_packet);
        add_button(window, WMC_LABEL_APPLY_AS_FILTER, apply_as_filter);
    }
    if (window->option->is_table)
        add_button(window, WMC_LABEL_SORT, sort);
    add_button(window, WMC_LABEL_LIMIT_TO_FILTER, limit_to_filter);
    add_button(window, WMC_LABEL_COPY, copy);
    add_button(window, WMC_LABEL_SAVE_AS, save_as);
    add_button(window, WMC_LABEL_WEB_PAGE, web_page);
}

static void open_window(ext_menubar_gui_type gui, void *main_window, void *data)
{
    struct window *window = g_new0(struct window, 1);
    char *title;

    window->option = (const struct wmc_option *)data;
    window->funnel = funnel_get_funnel_ops();
    window->view = core->view_new(window->option->view);
    window->shown = g_string_new(NULL);
    window->reminder.window = window;
    title = g_strdup_printf("Workerman Chat: %s", words(window->option->label));
    window->text = window->funnel->new_text_window(window->funnel->ops_id, title);
    g_free(title);
    add_buttons(window);
    /* The first is drawn behind the second. */
    listen(register_tap_listener(tap_name, &window->reminder, NULL, TL_REQUIRES_NOTHING, NULL, NULL, remind, NULL));
    listen(register_tap_listener(tap_name, window, NULL, TL_REQUIRES_NOTHING, clear, see, draw, NULL));
    windows = g_slist_prepend(windows, window);
    window->funnel->set_close_cb(window->text, close_window, window);
    window->funnel->retap_packets(window->funnel->ops_id);
}

void wmc_windows_register(const struct wmc_core *rust, int proto, const char *filter_name, const char *name)
{
    ext_menu_t *menu = ext_menubar_set_parentmenu(ext_menubar_register_menu(proto, name, true), PARENT);
    int language;

    core = rust;
    tap_name = filter_name;
    language = wmc_language_of_menus(core);
    for (size_t i = 0; i < wmc_option_count; i++)
        if (wmc_options[i].label != WMC_LABEL_NONE)
            ext_menubar_add_entry(menu, core->label(wmc_options[i].label, language), NULL,
                                  wmc_options[i].view == WMC_VIEW_HTML ? web_page_of_all : open_window, (void *)&wmc_options[i]);
}
