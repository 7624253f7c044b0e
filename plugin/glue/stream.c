/* Which TCP stream a packet belongs to. */
#include "glue.h"

#include <epan/conversation.h>
#include <epan/dissectors/packet-tcp.h>

static int proto_tcp = -1;

/* The conversation that the TCP dissector keeps. With the preference protocols.conversation_deinterlacing_key it is one for each
 * interface, MAC address or VLAN. */
static conversation_t *tcp_conversation(const packet_info *pinfo, const address *source, const address *destination,
                                        uint32_t source_port, uint32_t destination_port)
{
#ifdef WMC_DEINTERLACED_CONVERSATIONS
    const conversation_t *deinterlacer = find_conversation_deinterlacer_pinfo(pinfo);

    if (deinterlacer != NULL)
        return find_conversation_deinterlaced(pinfo->num, source, destination, CONVERSATION_TCP, source_port, destination_port,
                                              deinterlacer->conv_index, 0);
#endif
    return find_conversation(pinfo->num, source, destination, CONVERSATION_TCP, source_port, destination_port, 0);
}

void wmc_stream_init(int tcp)
{
    proto_tcp = tcp;
}

bool wmc_stream_between(const packet_info *pinfo, const address *source, const address *destination, uint32_t source_port,
                        uint32_t destination_port, uint32_t *stream)
{
    conversation_t *conversation = tcp_conversation(pinfo, source, destination, source_port, destination_port);
    const struct tcp_analysis *analysis;

    if (conversation == NULL)
        return false;
    analysis = (const struct tcp_analysis *)conversation_get_proto_data(conversation, proto_tcp);
    if (analysis == NULL)
        return false;
    *stream = analysis->stream;
    return true;
}

bool wmc_stream_of(const packet_info *pinfo, uint32_t *stream)
{
    return wmc_stream_between(pinfo, &pinfo->src, &pinfo->dst, pinfo->srcport, pinfo->destport, stream);
}
