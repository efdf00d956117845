/* The parts of the station. */
#ifndef STATION_H
#define STATION_H

#include "bulkhead.h"
#include "interfaces.h"

enum { TRAIL = 256, DEADLINE_MS = 1500 };

/* Adds the station's name to the text in a piece of shared memory. */
void stamp(bh_component *component, bh_request request, const bh_client *client, bh_reader arguments);
/* Opens the same stream at the next station and hands its items on. */
void relay(bh_component *component, bh_stream stream, const bh_client *client, bh_text name, bh_reader arguments);

#endif
