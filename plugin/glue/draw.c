/* Draws the core's plans in Wireshark's trees and columns. Every function here may longjmp; none owns a resource that a longjmp
 * would leak. */
#include "glue.h"

#include <epan/column-info.h>
#include <epan/column-utils.h>
#include <epan/proto_data.h>

/* Layers of other plugins between this one and TCP: more than anybody has. */
#define LAYERS_BETWEEN 4

static int subtree = -1;
static int tcp = -1;
static int http = -1;
static int websocket = -1;

int *wmc_subtree(void)
{
    return &subtree;
}

void wmc_draw_init(int proto_tcp, int proto_http, int proto_websocket)
{
    tcp = proto_tcp;
    http = proto_http;
    websocket = proto_websocket;
}

/* The protocol of a top-level node. In a tree built for filtering only, newer versions omit field_info and store the header field
 * in the node. */
static int protocol_of(proto_node *node)
{
    if (PNODE_FINFO(node) != NULL)
        return PNODE_FINFO(node)->hfinfo->id;
#ifdef PNODE_HFINFO
    if (PNODE_HFINFO(node) != NULL)
        return PNODE_HFINFO(node)->id;
#endif
    return -1;
}

static proto_tree *last_tree_of(int protocol, proto_tree *root)
{
    proto_tree *found = NULL;
    for (proto_node *node = root->first_child; node != NULL; node = node->next)
        if (protocol_of(node) == protocol)
            found = node;
    return found;
}

static proto_item *draw_item(const struct wmc_item *item, proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo)
{
    nstime_t duration;

    wmc_failpoint("draw::item", pinfo);
    if (item->length == 0)
        tvb = NULL;
    switch (item->type) {
    case WMC_GROUP:
        return proto_tree_add_none_format(tree, item->field, tvb, item->start, item->length, "%s", item->text);
    case WMC_TEXT:
        return proto_tree_add_string(tree, item->field, tvb, item->start, item->length, item->text);
    case WMC_UNSIGNED:
        return proto_tree_add_uint(tree, item->field, tvb, item->start, item->length, (uint32_t)item->number);
    case WMC_BOOLEAN:
        return proto_tree_add_boolean(tree, item->field, tvb, item->start, item->length, item->number != 0);
    case WMC_IPV4:
        return proto_tree_add_ipv4(tree, item->field, tvb, item->start, item->length, g_htonl((uint32_t)item->number));
    case WMC_DURATION:
        duration.secs = (time_t)(item->number / 1000000000);
        duration.nsecs = (int)(item->number % 1000000000);
        return proto_tree_add_time(tree, item->field, tvb, item->start, item->length, &duration);
    case WMC_FINDING:
        if (tvb != NULL)
            proto_tree_add_expert_format(tree, pinfo, item->expert, tvb, item->start, item->length, "%s", item->text);
        else
            expert_add_info_format(pinfo, tree, item->expert, "%s", item->text);
        return NULL;
    }
    return NULL;
}

/* Puts an item before its siblings, or behind `after`, which is one of them. */
static void move_to_front(proto_tree *tree, proto_item *item, proto_item *after)
{
    proto_node *before = NULL;

    for (proto_node *node = tree->first_child; node != NULL && node != item; node = node->next)
        before = node;
    if (before == NULL || before == after)
        return;
    before->next = item->next;
    if (tree->last_child == item)
        tree->last_child = before;
    if (after == NULL) {
        item->next = tree->first_child;
        tree->first_child = item;
    } else {
        item->next = after->next;
        after->next = item;
    }
}

static void draw_items(const struct wmc_plan *plan, proto_tree *const roots[WMC_LAYERS], tvbuff_t *tvb, packet_info *pinfo)
{
    proto_item **drawn = wmem_alloc_array(pinfo->pool, proto_item *, plan->count + 1);
    proto_item *last[WMC_LAYERS] = { NULL, NULL, NULL, NULL }; /* by the first layer that has the same tree */

    for (uint32_t i = 0; i < plan->count; i++) {
        const struct wmc_item *item = &plan->items[i];
        proto_tree *tree = item->parent < 0 ? roots[item->layer] : proto_item_add_subtree(drawn[item->parent], subtree);

        drawn[i] = NULL;
        if (tree == NULL && item->type != WMC_FINDING)
            continue; /* expert info is recorded even without a tree */
        drawn[i] = draw_item(item, tree, tvb, pinfo);
        wmc_failpoint("draw::items", pinfo);
        if (item->generated)
            proto_item_set_generated(drawn[i]);
        /* In a tree that is not displayed, an item may be another one's. */
        if (tree == NULL || !PTREE_DATA(tree)->visible)
            continue;
        if (item->hidden && drawn[i] != NULL)
            proto_item_set_hidden(drawn[i]);
        if (item->label != NULL)
            proto_item_set_text(drawn[i], "%s", item->label);
        /* What a person reads first stands first in the trees that other dissectors built. */
        if (item->parent < 0 && item->layer != WMC_LAYER_MESSAGE && drawn[i] != NULL) {
            int layer = 0;

            while (roots[layer] != tree)
                layer++;
            move_to_front(tree, drawn[i], last[layer]);
            last[layer] = drawn[i];
        }
    }
}

static void claim_protocol_column(packet_info *pinfo)
{
    col_set_str(pinfo->cinfo, COL_PROTOCOL, proto_get_protocol_short_name(find_protocol_by_id(wmc_proto)));
}

static const char *info_column(packet_info *pinfo)
{
    const char *text = pinfo->cinfo != NULL ? col_get_text(pinfo->cinfo, COL_INFO) : NULL;

    return text != NULL ? text : "";
}

void wmc_separate_columns(packet_info *pinfo, size_t info_length)
{
    const char *appended;

    wmc_failpoint("draw::columns", pinfo);
    if (strlen(info_column(pinfo)) <= info_length)
        return;
    appended = wmem_strdup(pinfo->pool, info_column(pinfo) + info_length);
    claim_protocol_column(pinfo);
    col_clear(pinfo->cinfo, COL_INFO);
    col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", appended);
    col_set_fence(pinfo->cinfo, COL_INFO);
}

size_t wmc_draw_message(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    proto_tree *roots[WMC_LAYERS] = { NULL, NULL, NULL, NULL };
    proto_item *top;

    claim_protocol_column(pinfo);
    /* Remove the WebSocket dissector's text for this frame; the fence keeps that of earlier messages. */
    col_clear(pinfo->cinfo, COL_INFO);
    if (plan->info != NULL)
        col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", plan->info);
    col_set_fence(pinfo->cinfo, COL_INFO);

    wmc_failpoint("draw::message", pinfo);
    top = proto_tree_add_item(tree, wmc_proto, tvb, 0, -1, ENC_NA);
    if (plan->title != NULL)
        proto_item_set_text(top, "%s", plan->title);
    roots[WMC_LAYER_MESSAGE] = proto_item_add_subtree(top, subtree);
    draw_items(plan, roots, tvb, pinfo);
    return strlen(info_column(pinfo));
}

void wmc_draw_remark(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    proto_tree *roots[WMC_LAYERS] = { NULL, NULL, NULL, NULL };

    roots[WMC_LAYER_MESSAGE] = proto_item_add_subtree(proto_tree_add_item(tree, wmc_proto, tvb, 0, -1, ENC_NA), subtree);
    draw_items(plan, roots, tvb, pinfo);
}

bool wmc_info_is_fenced(packet_info *pinfo)
{
    const column_info *columns = pinfo->cinfo;

    return columns != NULL && columns->col_first[COL_INFO] >= 0 &&
           columns->columns[columns->col_first[COL_INFO]].col_fence > 0;
}

/* Puts `text` where it is in sight: before what the segment's dissectors wrote in the Info column. What earlier segments of the frame left
 * there stands before both. */
static void put_before_info(packet_info *pinfo, const char *text, bool shares_info)
{
    const char *own;

    wmc_failpoint("draw::info", pinfo);
    if (!shares_info) {
        col_prepend_fence_fstr(pinfo->cinfo, COL_INFO, "%s ", text);
        return;
    }
    own = wmem_strdup(pinfo->pool, info_column(pinfo));
    col_clear(pinfo->cinfo, COL_INFO); /* up to the fence, which the segment's dissectors may have moved */
    own += strlen(info_column(pinfo));
    col_append_sep_str(pinfo->cinfo, COL_INFO, " ", text);
    if (*own != '\0')
        col_append_sep_str(pinfo->cinfo, COL_INFO, " ", own + strspn(own, " "));
}

/* TCP's own subtree, which the TCP dissector stores as proto data of its layer: the first from `layer` on. Where another plugin stands between,
 * there may be layers more. */
static proto_tree *tcp_tree_from(unsigned layer, packet_info *pinfo)
{
    for (unsigned last = layer + LAYERS_BETWEEN; layer <= last; layer++) {
        proto_tree *tree = (proto_tree *)p_get_proto_data(pinfo->pool, pinfo, tcp, layer);

        if (tree != NULL)
            return tree;
    }
    return NULL;
}

void wmc_draw_segment(const struct wmc_plan *plan, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, unsigned tcp_layer,
                      bool shares_info)
{
    proto_tree *roots[WMC_LAYERS] = { NULL, NULL, NULL, NULL };
    const char *below = pinfo->current_proto;

    pinfo->current_proto = proto_get_protocol_short_name(find_protocol_by_id(wmc_proto)); /* the protocol of the expert infos */
    if (plan->info != NULL)
        put_before_info(pinfo, plan->info, shares_info);
    wmc_failpoint("draw::segment", pinfo);
    if (tree != NULL) {
        roots[WMC_LAYER_TCP] = tcp_tree_from(tcp_layer, pinfo);
        roots[WMC_LAYER_HTTP] = last_tree_of(http, tree);
        roots[WMC_LAYER_WEBSOCKET] = last_tree_of(websocket, tree);
        for (int layer = 0; layer < WMC_LAYERS; layer++)
            if (roots[layer] == NULL)
                roots[layer] = roots[WMC_LAYER_TCP];
    }
    draw_items(plan, roots, tvb, pinfo);
    pinfo->current_proto = below;
}
