/* Failpoints, for the tests alone: compiled with the cargo feature `failpoints`, which no release has. The variable of the environment is
 * that of src/failpoint.rs. */
#include "glue.h"

#include <epan/exceptions.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_asked_for(const char *place, const char *kind, uint32_t frame)
{
    const char *places = getenv("WORKERMANCHAT_FAILPOINTS");
    char wanted[80];

    snprintf(wanted, sizeof wanted, ",%s::%s@%u,", place, kind, frame);
    return places != NULL && strstr(places, wanted) != NULL;
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
    throw_at(place, pinfo->num);
    throw_at(place, 0);
}
