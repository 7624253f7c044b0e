/* Another plugin in front of TCP, whose handle belongs to a protocol, so that it adds a layer. */
#include <epan/packet.h>
#include <epan/proto.h>
#include <ws_version.h>

char plugin_version[] = "1";
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

static int protocol = -1;
static int port_field = -1;
static int subtree = -1;
static dissector_handle_t next;

static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    proto_item *item = proto_tree_add_item(tree, protocol, tvb, 0, 4, ENC_NA);

    proto_tree_add_item(proto_item_add_subtree(item, subtree), port_field, tvb, 0, 2, ENC_BIG_ENDIAN);
    return call_dissector_only(next, tvb, pinfo, tree, data);
}

static void register_protocol(void)
{
    static hf_register_info fields[] = {
        { &port_field, { "Port", "in_front.port", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL } },
    };
    static int *subtrees[] = { &subtree };

    protocol = proto_register_protocol("In Front of TCP", "InFront", "in_front");
    proto_register_field_array(protocol, fields, 1);
    proto_register_subtree_array(subtrees, 1);
}

static void register_handoff(void)
{
    next = dissector_get_uint_handle(find_dissector_table("ip.proto"), 6);
    dissector_add_uint("ip.proto", 6, create_dissector_handle(dissect, protocol));
}

void plugin_register(void)
{
    static proto_plugin plugin = { register_protocol, register_handoff };

    proto_register_plugin(&plugin);
}
