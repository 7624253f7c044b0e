/* The user's own message types and members: a table among the preferences, checked as it is edited and handed to the core as plain data. */
#include "glue.h"

#include <epan/prefs.h>
#include <epan/uat.h>
#include <wsutil/report_message.h>

/* Wireshark's boolean type in this table's callbacks. */
typedef __typeof__(((uat_update_cb_t)NULL)(NULL, NULL)) checked;

#define NO_MEANING UINT32_MAX
#define CHOOSE "Choose what the name is"

struct own_message {
    char *name; /* on the wire */
    uint32_t meaning;
};

static const struct wmc_core *core;
static struct own_message *own_messages;
static unsigned own_message_count;
static const value_string *meanings;

UAT_CSTRING_CB_DEF(own, name, struct own_message)
UAT_VS_DEF(own, meaning, struct own_message, uint32_t, NO_MEANING, "")

static checked check_name(void *row _U_, const char *name, unsigned length, const void *unused _U_, const void *data _U_, char **error)
{
    const char *why = core->bad_own_name((struct wmc_bytes){ (const uint8_t *)name, length, length });

    *error = g_strdup(why);
    return why == NULL;
}

static char *all_of_the_meanings(void)
{
    GString *line = g_string_new("What it is must be one of:");

    for (const value_string *meaning = meanings; meaning->strptr != NULL; meaning++)
        g_string_append_printf(line, "%s %s", meaning == meanings ? "" : ";", meaning->strptr);
    return g_string_free(line, FALSE);
}

static checked check_meaning(void *row, const char *text, unsigned length, const void *all, const void *data, char **error)
{
    if (uat_fld_chk_enum(row, text, length, all, data, error))
        return true;
    g_free(*error);
    *error = length == 0 ? g_strdup(CHOOSE) : all_of_the_meanings();
    return false;
}

/* A row that lacks a field, as a new one does. */
static checked check_row(void *row, char **error)
{
    const struct own_message *own = (const struct own_message *)row;

    if (own->meaning == NO_MEANING) {
        *error = g_strdup(CHOOSE);
        return false;
    }
    return check_name(NULL, own->name, own->name == NULL ? 0 : (unsigned)strlen(own->name), NULL, NULL, error);
}

static void *copy_row(void *copy, const void *row, size_t size _U_)
{
    const struct own_message *own = (const struct own_message *)row;

    *(struct own_message *)copy = (struct own_message){ g_strdup(own->name), own->meaning };
    return copy;
}

static void free_row(void *row)
{
    g_free(((struct own_message *)row)->name);
}

static void forget_rows(void)
{
    core->own_messages(NULL, 0);
}

/* The rows that are left have passed the checks; what two of them contradict each other in shows only here. Of a file with a bad row
 * Wireshark does not tell that the others were read: so this is also called when a capture is opened. */
void wmc_own_messages_hand_over(void)
{
    struct wmc_own_message *rows = g_new0(struct wmc_own_message, own_message_count);
    const char *warning;

    for (unsigned i = 0; i < own_message_count; i++) {
        const struct own_message *own = &own_messages[i];
        const uint32_t length = own->name == NULL ? 0 : (uint32_t)strlen(own->name);

        rows[i].name = (struct wmc_bytes){ (const uint8_t *)own->name, length, length };
        rows[i].meaning = own->meaning;
    }
    warning = core->own_messages(rows, own_message_count);
    g_free(rows);
    if (warning != NULL)
        report_warning("%s", warning);
}

static const value_string *all_meanings(void)
{
    value_string *all = wmem_alloc0_array(wmem_epan_scope(), value_string, core->meaning_count + 1);

    for (size_t i = 0; i < core->meaning_count; i++) {
        all[i].value = (uint32_t)i;
        all[i].strptr = core->meanings[i];
    }
    all[core->meaning_count] = wmc_blank_name;
    return all;
}

void wmc_own_messages_register(struct pref_module *module, const struct wmc_core *rust)
{
    static uat_field_t columns[] = {
        { "name", "Name on the wire", PT_TXTMOD_STRING, { check_name, own_name_set_cb, own_name_tostr_cb }, { 0, 0, 0 }, 0,
          "The value of \"type\" in a message, or the key of a member, as it stands in the JSON", FLDFILL },
        { "meaning", "What it is", PT_TXTMOD_ENUM, { check_meaning, own_meaning_set_cb, own_meaning_tostr_cb }, { 0, 0, 0 }, 0,
          "message: a message of this type is what the chat calls so. member: a member with this key is that member of the chat's",
          FLDFILL },
        UAT_END_FIELDS
    };
    uat_t *table;

    core = rust;
    meanings = all_meanings();
    columns[1].cbdata.chk = columns[1].cbdata.set = columns[1].cbdata.tostr = columns[1].fld_data = meanings;
    table = uat_new("Workerman Chat: your own messages", sizeof(struct own_message), WMC_OWN_MESSAGES_FILE, true, &own_messages,
                    &own_message_count, UAT_AFFECTS_DISSECTION, NULL, copy_row, check_row, free_row, wmc_own_messages_hand_over,
                    forget_rows, columns);
    prefs_register_uat_preference(module, "messages", "Your own messages",
        "Message types and members that your server has and the original does not, and what each is", table);
}
