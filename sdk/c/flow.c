/* What the parts of streams share: a stream by its names, its end, and the frames that say so. */
#include <string.h>

#include "flow.h"

bh_flow *bh_flow_find(const bh_flows *flows, uint32_t connection, uint32_t id) {
  bh_flow *flow = flows ? flows->first : NULL;
  while (flow && (flow->over || flow->id != id || flow->connection != connection)) flow = flow->next;
  return flow;
}

bh_link *bh_flow_link(bh_component *component, const bh_flows *flows, const bh_flow *flow) {
  if (flows->served) return bh_provider_link(&component->providers[flows->channel], flow->connection);
  return flow->started ? bh_client_link(&component->clients[flows->channel]) : NULL;
}

bh_stream bh_flow_handle(const bh_flows *flows, const bh_flow *flow) {
  return (bh_stream){flows->served, flows->channel, flow->serial};
}

bh_flow *bh_flow_add(bh_component *component, bh_flows *flows, bh_flow made) {
  bh_flow *flow = bh_allocate(component, sizeof *flow);
  *flow = made;
  flow->serial = ++flows->last_serial;
  bh_flow **last = &flows->first;
  while (*last) last = &(*last)->next;
  *last = flow;
  return flow;
}

static void copy_text(char *into, size_t space, bh_text text) {
  size_t length = text.length < space ? text.length : space - 1;
  if (length > 0) memcpy(into, text.bytes, length);
  into[length] = 0;
}

void bh_flow_note(bh_flow *flow, bh_text code, bh_text text) {
  flow->failed = true;
  copy_text(flow->code, sizeof flow->code, code);
  copy_text(flow->message, sizeof flow->message, text);
}

void bh_flow_finish(bh_flow *flow) {
  flow->over = true;
  flow->held_start = flow->held_length = 0;
}

void bh_flow_finish_with(bh_flow *flow, const char *code, const char *text) {
  bh_flow_note(flow, (bh_text){code, strlen(code)}, (bh_text){text, strlen(text)});
  bh_flow_finish(flow);
}

void bh_flow_send_credit(bh_link *link, uint32_t id, uint32_t size_bytes) {
  uint8_t space[16];
  bh_writer frame = bh_writer_over(space, sizeof space);
  bh_write_array(&frame, 3);
  bh_write_int(&frame, 5);
  bh_write_int(&frame, id);
  bh_write_int(&frame, size_bytes);
  bh_link_send(link, &frame, NULL);
}

void bh_flow_send_end(bh_link *link, uint32_t id, const char *code, const char *text) {
  uint8_t space[32 + BH_NAME_SPACE + 512];
  bh_writer frame = bh_writer_over(space, sizeof space);
  bh_write_array(&frame, 3);
  bh_write_int(&frame, 6);
  bh_write_int(&frame, id);
  if (code) bh_write_failure(&frame, code, text);
  else bh_write_nil(&frame);
  if (!link) return;
  bh_link_send(link, &frame, NULL);
  /* A client that makes us refuse and reads nothing of it. */
  if (bh_link_queued(link) > BH_MAX_QUEUE) link->broken = true;
}

const bh_stream_kind *bh_stream_kind_of(const bh_interface *interface, bh_text name) {
  for (size_t i = 0; i < interface->stream_count; i++) {
    if (bh_text_is(name, interface->streams[i].name)) return &interface->streams[i];
  }
  return NULL;
}

size_t bh_flow_count(const bh_flows *flows, uint32_t connection) {
  size_t count = 0;
  for (const bh_flow *flow = flows->first; flow; flow = flow->next) count += !flow->over && flow->connection == connection;
  return count;
}

bool bh_flow_has_room(bh_component *component, const bh_flows *flows, const bh_flow *flow) {
  if (flow->credit <= 0) return false;
  const bh_link *link = bh_flow_link(component, flows, flow);
  return link && bh_link_queued(link) <= BH_CLOG_BYTES;
}
