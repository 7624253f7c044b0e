/* The preferences, and registration on the chat's ports. */
#include "glue.h"

#include <epan/column-utils.h>
#include <epan/prefs.h>
#include <epan/range.h>
#include <wsutil/filesystem.h>
#include <wsutil/report_message.h>

#define DEFAULT_PORTS "7272"

static range_t *ports;
static range_t *ports_in_force;
static int language;
static wmc_truth annotate_tcp = true;
static wmc_truth annotate_info = true;
static wmc_truth show_json = false;

static struct wmc_settings settings;
static const hf_register_info *fields;
static int field_count;
static dissector_table_t tcp_ports;
static dissector_handle_t port_handle;
static wmem_map_t *before; /* what was registered for each of ports_in_force; NULL: nothing */

/* Registers a handle for a port, or none. What Decode As says of the port stays. */
static void register_port(uint32_t port, dissector_handle_t handle)
{
    dissector_handle_t decoded_as = dissector_get_uint_handle(tcp_ports, port);
    const bool is_decoded_as = decoded_as != dissector_get_default_uint_handle("tcp.port", port);

    if (handle != NULL)
        dissector_add_uint("tcp.port", port, handle);
    else
        dissector_delete_uint("tcp.port", port, port_handle);
    if (is_decoded_as)
        dissector_change_uint("tcp.port", port, decoded_as);
}

static void take_port(uint32_t port, void *unused _U_)
{
    wmem_map_insert(before, GUINT_TO_POINTER(port), dissector_get_default_uint_handle("tcp.port", port));
    register_port(port, port_handle);
}

static void give_port_back(uint32_t port, void *unused _U_)
{
    register_port(port, (dissector_handle_t)wmem_map_remove(before, GUINT_TO_POINTER(port)));
}

/* Called when Wireshark has read preferences and Decode As, which stand in two files. */
static void apply(void)
{
    if (port_handle == NULL)
        return; /* before hand-off */
    if (ports_in_force != NULL) {
        if (ranges_are_equal(ports_in_force, ports))
            return;
        range_foreach(ports_in_force, give_port_back, NULL);
        wmem_free(wmem_epan_scope(), ports_in_force);
    }
    ports_in_force = range_copy(wmem_epan_scope(), ports);
    range_foreach(ports_in_force, take_port, NULL);
}

dissector_handle_t wmc_port_owner(uint32_t port)
{
    return (dissector_handle_t)wmem_map_lookup(before, GUINT_TO_POINTER(port));
}

static const enum_val_t *languages(const struct wmc_core *core)
{
    enum_val_t *values = wmem_alloc0_array(wmem_epan_scope(), enum_val_t, core->language_count + 1);

    for (size_t i = 0; i < core->language_count; i++) {
        values[i].name = core->languages[i].tag;
        values[i].description = core->languages[i].name;
        values[i].value = (int)i;
    }
    return values;
}

void wmc_preferences_register(int proto, const struct wmc_core *core, const struct wmc_registration *registration)
{
    module_t *module = prefs_register_protocol(proto, apply);

    fields = registration->fields;
    field_count = registration->field_count;
    range_convert_str(wmem_epan_scope(), &ports, DEFAULT_PORTS, 65535);
    prefs_register_range_preference(module, "tcp.port", "Chat server TCP ports",
        "TCP ports of chat servers. On other ports the chat is recognised by its messages.", &ports, 65535);
    prefs_register_enum_preference(module, "language", "Language of the notes",
        "The language of notes, headings, phases, findings and of the labels in the tree; auto: Wireshark's own, or that of the environment", &language,
        languages(core), false);
    prefs_register_bool_preference(module, "annotate_tcp", "Annotate TCP, HTTP and WebSocket",
        "Say in their trees what each handshake, acknowledgment and close packet is", &annotate_tcp);
    prefs_register_bool_preference(module, "annotate_info", "Annotate the Info column",
        "Begin the Info column of a handshake or acknowledgment packet with its phase, in brackets", &annotate_info);
    prefs_register_bool_preference(module, "show_json", "Show the JSON tree too",
        "Also show each message as Wireshark's own JSON dissector sees it", &show_json);
    wmc_own_messages_register(module, core);
}

int wmc_language_of_menus(const struct wmc_core *core)
{
    char *path = get_persconffile_path("preferences", true);
    const int chosen = core->chosen_language(path);

    g_free(path);
    return chosen;
}

void wmc_preferences_begin(const struct wmc_core *core)
{
    char *path = get_persconffile_path("preferences", true);
    const int meant = core->meant_language(path);
    const char *warning;

    if (meant >= 0)
        language = meant;
    warning = core->unknown_language(path, language);
    apply(); /* sharkd sets preferences without telling anybody */
    wmc_own_messages_hand_over();
    if (warning != NULL)
        report_warning("%s", warning);
    g_free(path);
}

void wmc_preferences_handoff(dissector_handle_t start)
{
    tcp_ports = find_dissector_table("tcp.port");
    port_handle = start;
    before = wmem_map_new(wmem_epan_scope(), g_direct_hash, g_direct_equal);
    dissector_add_for_decode_as("tcp.port", start);
    apply(); /* so that tshark -G decodes has the default ports */
}

uint8_t wmc_ports[UINT16_MAX + 1];

/* Decode As changes the table without notice, but Wireshark then dissects the capture anew. */
void wmc_ports_changed(void)
{
    memset(wmc_ports, WMC_PORT_UNKNOWN, sizeof wmc_ports);
}

/* The table reflects the preference and Decode As. */
bool wmc_look_up_port(uint16_t port)
{
    dissector_handle_t handle = dissector_get_uint_handle(tcp_ports, port);
    const bool is_chat = handle != NULL && handle == port_handle;

    wmc_ports[port] = is_chat ? WMC_PORT_CHAT : WMC_PORT_OTHER;
    return is_chat;
}

bool wmc_show_json(void)
{
    return show_json;
}

/* In a tree built for filters, columns or taps alone, the fields that they refer to. A reference to a field is one to its protocol. */
static uint64_t wanted_fields(proto_tree *tree)
{
    uint64_t wanted = 0;

    if (!proto_field_is_referenced(tree, wmc_proto))
        return 0;
    for (int i = 0; i < field_count; i++)
        wanted |= (uint64_t)(fields[i].hfinfo.ref_type != HF_REF_TYPE_NONE) << i;
    return wanted;
}

const struct wmc_settings *wmc_preferences(void)
{
    settings.language = language;
    settings.annotate_tcp = annotate_tcp;
    settings.annotate_info = annotate_info;
    return &settings;
}

const struct wmc_settings *wmc_settings(packet_info *pinfo, proto_tree *tree, bool is_tapped)
{
    const bool visible = tree != NULL && PTREE_DATA(tree)->visible;

    settings.wanted = visible ? UINT64_MAX : wanted_fields(tree);
    /* Newer versions have a kind of reference above this one for what is printed: -e workermanchat prints the title. */
    settings.titles = visible || (tree != NULL && proto_registrar_get_nth(wmc_proto)->ref_type > HF_REF_TYPE_DIRECT);
    settings.tap_events = is_tapped;
    settings.info = col_get_text(pinfo->cinfo, COL_INFO) != NULL;
    return wmc_preferences();
}
