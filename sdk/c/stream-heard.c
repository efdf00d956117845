/* What the other end says of streams: frames that keep the rules, those that do not, and the end of the connection. */
#include <stdlib.h>
#include <string.h>

#include "flow.h"

enum { FIRST_HELD = 4096 };

static void hold(bh_component *component, bh_flow *flow, const bh_message *message) {
  size_t length = (size_t)(message->body.end - message->body.at), needed = BH_HELD_HEADER + length;
  if (flow->held_start > 0) {
    memmove(flow->held, flow->held + flow->held_start, flow->held_length - flow->held_start);
    flow->held_length -= flow->held_start;
    flow->held_start = 0;
  }
  if (flow->held_length + needed > flow->held_capacity) {
    size_t larger = flow->held_capacity < FIRST_HELD ? FIRST_HELD : flow->held_capacity;
    while (larger < flow->held_length + needed) larger *= 2;
    uint8_t *moved = realloc(flow->held, larger);
    if (!moved) bh_fault(component, "there is no memory left");
    flow->held = moved;
    flow->held_capacity = larger;
  }
  uint32_t sizes[2] = {(uint32_t)length, (uint32_t)message->size};
  memcpy(flow->held + flow->held_length, sizes, sizeof sizes);
  memcpy(flow->held + flow->held_length + BH_HELD_HEADER, message->body.at, length);
  flow->held_length += needed;
}

static void hear_end(bh_flows *flows, bh_flow *flow, const bh_message *message) {
  if (!flow->reads && flows->served) {
    bh_flow_finish_with(flow, "IPC_STREAM_CANCELLED", "the client wants no more");
    return;
  }
  if (message->has_error) bh_flow_note(flow, message->code, message->message);
  /* What came before is taken first. */
  if (flow->reads) flow->finished = true;
  else bh_flow_finish(flow);
}

bool bh_stream_hear(bh_component *component, bh_flows *flows, uint32_t connection, const bh_message *message) {
  bh_flow *flow = bh_flow_find(flows, connection, message->call);
  /* What comes after the end of a stream is fine; what belongs to none that ever was is not. */
  if (!flow || flow->finished || !flow->started) return flows->served || message->call <= flows->last_id;
  switch (message->kind) {
    case 4:
      if (!flow->reads || flow->credit <= 0) return false;
      flow->credit -= (int64_t)message->size;
      hold(component, flow, message);
      return true;
    case 5:
      if (flow->reads) return flows->served;
      /* 2^31 such frames later it stands still; nobody has sent that much. */
      if (flow->credit < INT64_MAX - UINT32_MAX) flow->credit += message->credit;
      return true;
    default:
      hear_end(flows, flow, message);
      return true;
  }
}

bool bh_stream_serve(bh_component *component, bh_provider_end *end, bh_connection *connection, const bh_message *message) {
  bh_flows *flows = &end->streams;
  if (bh_flow_find(flows, connection->serial, message->call)) return false;
  const bh_stream_kind *kind = bh_stream_kind_of(end->service->interface, message->name);
  if (bh_flow_count(flows, connection->serial) >= BH_MAX_STREAMS) {
    bh_flow_send_end(&connection->link, message->call, "IPC_OVERLOADED", "16 streams are open already");
    return true;
  }
  if (!kind || !end->service->on_stream) {
    bh_flow_send_end(&connection->link, message->call, "IPC_UNKNOWN_OPERATION", "the interface has no such stream");
    return true;
  }
  if (!bh_provider_allows(end, message->name)) {
    bh_flow_send_end(&connection->link, message->call, "IPC_NOT_GRANTED", "the manifest does not allow this stream");
    return true;
  }
  bool reads = !kind->from_provider;
  bh_flow made = {.id = message->call, .connection = connection->serial, .reads = reads, .started = true,
                  .credit = reads ? BH_WINDOW_BYTES : (int64_t)message->credit};
  bh_flow *flow = bh_flow_add(component, flows, made);
  if (reads) bh_flow_send_credit(&connection->link, flow->id, BH_WINDOW_BYTES);
  end->service->on_stream(component, bh_flow_handle(flows, flow), &end->client, message->name, message->body);
  return true;
}

void bh_streams_lost(bh_flows *flows, uint32_t connection, bool all, const char *code) {
  for (bh_flow *flow = flows->first; flow; flow = flow->next) {
    if (flow->over || flow->connection != connection || (!flow->started && !all)) continue;
    if (flow->finished && !flows->served) continue;
    if (flow->reads && !flows->served) {
      /* What came before is taken first, then told. */
      flow->finished = true;
      bh_flow_note(flow, (bh_text){code, strlen(code)}, (bh_text){"the provider has gone", 21});
    } else bh_flow_finish_with(flow, code, "the other end has gone");
  }
}
