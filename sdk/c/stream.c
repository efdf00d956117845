/*
 * Streams of both ends: an item is sent while its reader has given credit for it, so a reader holds at most the window and one
 * frame. docs/decisions/0015. Frames and the component's own calls only note what is to be told; `bh_streams_settle` tells it.
 */
#include <stdlib.h>
#include <string.h>

#include "flow.h"

static bh_flows *flows_of(bh_component *component, bh_stream stream) {
  size_t ends = stream.served ? component->provider_count : component->definition->use_count;
  if (stream.channel >= ends) return NULL;
  return stream.served ? &component->providers[stream.channel].streams : &component->clients[stream.channel].streams;
}

static bh_flow *find_serial(const bh_flows *flows, uint64_t serial) {
  bh_flow *flow = flows ? flows->first : NULL;
  while (flow && (flow->over || flow->serial != serial)) flow = flow->next;
  return flow;
}

static void start(bh_component *component, bh_flows *flows, bh_flow *flow) {
  uint8_t space[16];
  bh_writer head = bh_writer_over(space, sizeof space);
  bh_write_array(&head, 5);
  bh_write_int(&head, 3);
  bh_write_int(&head, flow->id);
  bh_writer tail = {flow->opening, flow->opening_length, flow->opening_length, false};
  flow->started = true;
  bh_link *link = bh_flow_link(component, flows, flow);
  if (!link || !bh_link_send(link, &head, &tail)) {
    if (link && !link->broken) bh_flow_finish_with(flow, "IPC_FRAME_TOO_LARGE", "the arguments do not fit a frame");
    else flow->started = false;
    return;
  }
  free(flow->opening);
  flow->opening = NULL;
  if (flow->ended) bh_flow_send_end(link, flow->id, NULL, NULL);
}

void bh_streams_begin(bh_component *component, bh_flows *flows) {
  for (bh_flow *flow = flows->first; flow; flow = flow->next) {
    if (!flow->started && !flow->over) start(component, flows, flow);
  }
}

static uint32_t next_id(bh_flows *flows) {
  do flows->last_id++;
  while (bh_flow_find(flows, 0, flows->last_id));
  return flows->last_id;
}

/* The rest of the open frame: name, arguments, and the credit of a client that reads. */
static void write_opening(bh_component *component, bh_flow *flow, const char *name, const bh_writer *arguments) {
  size_t capacity = BH_NAME_SPACE + 16 + arguments->length;
  flow->opening = bh_allocate(component, capacity);
  bh_writer writer = bh_writer_over(flow->opening, capacity);
  bh_write_text(&writer, name);
  bh_write_raw(&writer, arguments->bytes, arguments->length);
  bh_write_int(&writer, flow->reads ? BH_WINDOW_BYTES : 0);
  flow->opening_length = writer.length;
}

bh_stream bh_stream_open(bh_component *component, const char *use, const char *name, const bh_writer *arguments,
                         const bh_stream_events *events, void *context) {
  bh_client_end *end = NULL;
  for (size_t i = 0; i < component->definition->use_count; i++) {
    if (strcmp(component->clients[i].use->name, use) == 0) end = &component->clients[i];
  }
  const bh_stream_kind *kind = end ? bh_stream_kind_of(end->use->interface, (bh_text){name, strlen(name)}) : NULL;
  if (!kind) bh_fault(component, "there is no %s.%s to open", use, name);
  bool reads = kind->from_provider;
  bh_flow made = {.id = next_id(&end->streams), .reads = reads, .accepted = true, .events = events, .context = context,
                  .credit = reads ? BH_WINDOW_BYTES : 0};
  bool is_full = bh_flow_count(&end->streams, 0) >= BH_MAX_STREAMS;
  bh_flow *flow = bh_flow_add(component, &end->streams, made);
  if (is_full) bh_flow_finish_with(flow, "IPC_OVERLOADED", "16 streams are open already");
  else if (end->mismatch) bh_flow_finish_with(flow, "IPC_INTERFACE_MISMATCH", "the provider was built from another interface");
  else if (end->announced && !end->up) bh_flow_finish_with(flow, "PEER_GONE", "the provider has gone");
  else if (arguments->failed || !bh_is_message(arguments->bytes, arguments->length)) {
    bh_flow_finish_with(flow, "IPC_ARGUMENTS_INVALID", "the arguments are not one MessagePack value");
  } else {
    write_opening(component, flow, name, arguments);
    if (end->open) start(component, &end->streams, flow);
  }
  return bh_flow_handle(&end->streams, flow);
}

bool bh_stream_accept(bh_component *component, bh_stream stream, const bh_stream_events *events, void *context) {
  bh_flow *flow = find_serial(flows_of(component, stream), stream.serial);
  if (!flow || flow->accepted) return false;
  flow->accepted = true;
  flow->events = events;
  flow->context = context;
  return true;
}

enum bh_written bh_stream_write(bh_component *component, bh_stream stream, const bh_writer *item) {
  bh_flows *flows = flows_of(component, stream);
  bh_flow *flow = find_serial(flows, stream.serial);
  if (!flow || flow->reads || flow->ended) return BH_OVER;
  uint8_t space[16];
  bh_writer head = bh_writer_over(space, sizeof space);
  bh_write_array(&head, 3);
  bh_write_int(&head, 4);
  bh_write_int(&head, flow->id);
  bool fits = !item->failed && head.length + item->length <= BH_MAX_FRAME && bh_is_message(item->bytes, item->length);
  if (!fits) return BH_MISFIT;
  if (!bh_flow_has_room(component, flows, flow)) {
    flow->wants_room = true;
    return BH_NO_ROOM;
  }
  /* Where the link breaks now, on_end follows. */
  if (!bh_link_send(bh_flow_link(component, flows, flow), &head, item)) return BH_OVER;
  flow->credit -= (int64_t)(head.length + item->length);
  return BH_WRITTEN;
}

bool bh_stream_end(bh_component *component, bh_stream stream) {
  bh_flows *flows = flows_of(component, stream);
  bh_flow *flow = find_serial(flows, stream.serial);
  if (!flow || flow->ended) return false;
  bh_link *link = bh_flow_link(component, flows, flow);
  /* A provider that has ended it waits for no word of a client that reads. */
  if (flows->served || !flow->finished) bh_flow_send_end(link, flow->id, NULL, NULL);
  if (flows->served) bh_flow_finish(flow);
  else if (flow->reads) bh_flow_finish_with(flow, "IPC_STREAM_CANCELLED", "this end wanted no more");
  else flow->ended = true;
  return true;
}

bool bh_stream_fail(bh_component *component, bh_stream stream, const char *code, const char *message) {
  bh_flows *flows = flows_of(component, stream);
  bh_flow *flow = find_serial(flows, stream.serial);
  if (!flow) return false;
  /* One that a client never opened nobody has to be told of. */
  if (flows->served || flow->started) bh_flow_send_end(bh_flow_link(component, flows, flow), flow->id, code, message);
  bh_flow_finish_with(flow, code, message);
  return true;
}

void bh_stream_resume(bh_component *component, bh_stream stream) {
  bh_flow *flow = find_serial(flows_of(component, stream), stream.serial);
  if (flow) flow->paused = false;
}

