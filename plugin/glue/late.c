/* What Wireshark's own views take in packet by packet, and the plugin can only say at the end: on the first pass, which is tshark's only one,
 * later packets may yet show who somebody is. Listeners draw in the reverse order of their registration, so that one that is registered after the
 * view's own draws before it. */
#include "glue.h"

#include <epan/tap.h>

struct event {
    void *item;
    struct wmc_tap_event tap_event; /* its texts are its own */
};

static void tell(void *data)
{
    struct wmc_late *late = (struct wmc_late *)data;

    for (unsigned i = 0; i < late->events->len; i++) {
        struct event *event = &g_array_index(late->events, struct event, i);

        late->then(late, event->item, &event->tap_event);
        g_free((char *)event->tap_event.text);
        g_free((char *)event->tap_event.problems);
    }
    g_array_set_size(late->events, 0);
}

/* Wireshark removes the listener. */
static void removed(void *data)
{
    ((struct wmc_late *)data)->listens = false;
}

void wmc_late_init(struct wmc_late *late, wmc_late_cb then)
{
    late->then = then;
    late->events = g_array_new(FALSE, TRUE, sizeof(struct event));
}

void wmc_late_add(struct wmc_late *late, const char *tap_name, void *item, const struct wmc_tap_event *tap_event)
{
    struct event event = { item, *tap_event };

    event.tap_event.text = g_strdup(tap_event->text);
    event.tap_event.problems = g_strdup(tap_event->problems);
    g_array_append_val(late->events, event);
    if (!late->listens)
        late->listens = register_tap_listener(tap_name, late, NULL, TL_REQUIRES_NOTHING, NULL, NULL, tell, removed) == NULL;
}
