/* Streams of the ring, both ways: what one end reads, the other writes as soon as it has room. Nothing is kept here. */
#include <stdlib.h>

#include "station.h"

/* Two streams that are one to those around: the client's and the next station's. */
typedef struct {
  bh_stream ends[2];
  int open;
} pair;

static bh_stream other(const pair *both, bh_stream stream) { return both->ends[stream.served ? 1 : 0]; }

static bool on_item(bh_component *component, bh_stream stream, void *context, bh_reader reader) {
  ring_down_item item;
  if (!read_ring_down_item(reader, &item)) {
    bh_stream_fail(component, stream, "IPC_ARGUMENTS_INVALID", "an item has an index and a fill");
    return true;
  }
  bh_writer copy = {(uint8_t *)reader.at, (size_t)(reader.end - reader.at), (size_t)(reader.end - reader.at), false};
  return bh_stream_write(component, other(context, stream), &copy) != BH_NO_ROOM;
}

static void on_room(bh_component *component, bh_stream stream, void *context) {
  bh_stream_resume(component, other(context, stream));
}

static void on_last(bh_component *component, bh_stream stream, void *context) {
  bh_stream_end(component, other(context, stream));
}

static void on_end(bh_component *component, bh_stream stream, void *context, const bh_error *error) {
  pair *both = context;
  if (error) bh_stream_fail(component, other(both, stream), error->code, error->message);
  else bh_stream_end(component, other(both, stream));
  if (--both->open == 0) free(both);
}

void relay(bh_component *component, bh_stream stream, const bh_client *client, bh_text name, bh_reader arguments) {
  (void)client;
  static const bh_stream_events events = {on_item, on_room, on_last, on_end};
  pair *both = malloc(sizeof *both);
  if (!both) bh_fault(component, "there is no memory left");
  bh_writer copy = {(uint8_t *)arguments.at, (size_t)(arguments.end - arguments.at), (size_t)(arguments.end - arguments.at),
                    false};
  both->open = 2;
  both->ends[0] = stream;
  bh_stream_accept(component, stream, &events, both);
  both->ends[1] = bh_stream_open(component, "next", bh_text_is(name, "down") ? "down" : "up", &copy, &events, both);
}
