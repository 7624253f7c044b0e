/* Failpoints, for the tests alone: compiled with the cargo feature `failpoints`, which no release has. The variable of the environment is
 * that of src/failpoint.rs. */
#include "glue.h"

#include <epan/exceptions.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *places;

/* Whether anything is asked for in this frame: asked often, for one frame after the other. */
static bool has_place_in(uint32_t frame)
{
    static uint32_t last = UINT32_MAX;
    static bool has_place;
    char wanted[16];

    if (places == NULL)
        places = getenv("WORKERMANCHAT_FAILPOINTS");
    if (frame != last) {
        snprintf(wanted, sizeof wanted, "@%u,", frame);
        has_place = places != NULL && (strstr(places, wanted) != NULL || strstr(places, "@0,") != NULL);
        last = frame;
    }
    return has_place;
}

static bool is_asked_for(const char *place, const char *kind, uint32_t frame)
{
    char wanted[80];

    snprintf(wanted, sizeof wanted, ",%s::%s@%u,", place, kind, frame);
    return strstr(places, wanted) != NULL;
}

static void throw_at(const char *place, uint32_t frame)
{
    if (is_asked_for(place, "bounds", frame))
        THROW(ReportedBoundsError);
    if (is_asked_for(place, "bug", frame))
        THROW_MESSAGE(DissectorError, "failpoint");
}

/* Frame 0 stands for every frame. */
void wmc_failpoint(const char *place, const packet_info *pinfo)
{
    if (!has_place_in(pinfo->num))
        return;
    throw_at(place, pinfo->num);
    throw_at(place, 0);
}
