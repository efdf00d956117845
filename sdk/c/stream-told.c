/* What the component is told of its streams: items, room, ends; from the loop, and from nowhere else. */
#include <stdlib.h>
#include <string.h>

#include "flow.h"

static const bh_stream_events no_events = {0};

static bool holds(const bh_flow *flow) { return flow->held_length > flow->held_start; }

/* Credit is given back in halves of the window: a frame of it per item would double the messages. */
static void give_back(bh_component *component, bh_flows *flows, bh_flow *flow, uint32_t size) {
  flow->taken += size;
  if (flow->over || flow->finished || flow->taken < BH_WINDOW_BYTES / 2) return;
  bh_link *link = bh_flow_link(component, flows, flow);
  if (!link) return;
  flow->credit += flow->taken;
  bh_flow_send_credit(link, flow->id, flow->taken);
  flow->taken = 0;
}

static void offer(bh_component *component, bh_flows *flows, bh_flow *flow) {
  while (!flow->over && !flow->paused && holds(flow)) {
    uint32_t sizes[2];
    const uint8_t *at = flow->held + flow->held_start;
    memcpy(sizes, at, sizeof sizes);
    bh_reader item = {at + BH_HELD_HEADER, at + BH_HELD_HEADER + sizes[0], false};
    bh_stream stream = bh_flow_handle(flows, flow);
    if (flow->events->on_item && !flow->events->on_item(component, stream, flow->context, item)) {
      flow->paused = true;
      return;
    }
    /* It may have ended the stream. */
    if (flow->over) return;
    flow->held_start += BH_HELD_HEADER + sizes[0];
    give_back(component, flows, flow, sizes[1]);
  }
  if (holds(flow)) return;
  free(flow->held);
  flow->held = NULL;
  flow->held_start = flow->held_length = flow->held_capacity = 0;
}

static bool is_complete(const bh_flow *flow) { return flow->finished && !flow->told_last && !holds(flow); }

/* All that came has been taken. */
static void complete(bh_component *component, bh_flows *flows, bh_flow *flow) {
  bh_stream stream = bh_flow_handle(flows, flow);
  if (!flows->served) {
    flow->over = true;
  } else if (flow->failed) {
    bh_flow_send_end(bh_flow_link(component, flows, flow), flow->id, flow->code, flow->message);
    flow->over = true;
  } else {
    flow->told_last = true;
    if (flow->events->on_last) flow->events->on_last(component, stream, flow->context);
    else bh_stream_end(component, stream);
  }
}

static void tell_end(bh_component *component, bh_flows *flows, bh_flow *flow) {
  for (bh_flow **at = &flows->first; *at; at = &(*at)->next) {
    if (*at != flow) continue;
    *at = flow->next;
    break;
  }
  const bh_error error = {flow->code, flow->message};
  const bh_stream_events *events = flow->accepted ? flow->events : &no_events;
  if (events->on_end) events->on_end(component, bh_flow_handle(flows, flow), flow->context, flow->failed ? &error : NULL);
  free(flow->held);
  free(flow->opening);
  free(flow);
}

void bh_streams_settle(bh_component *component, bh_flows *flows) {
  for (bh_flow *flow = flows->first, *next; flow; flow = next) {
    if (flow->accepted && flow->reads && !flow->over) offer(component, flows, flow);
    if (flow->accepted && !flow->over && is_complete(flow)) complete(component, flows, flow);
    if (flow->accepted && !flow->over && flow->wants_room && bh_flow_has_room(component, flows, flow)) {
      flow->wants_room = false;
      if (flow->events->on_room) flow->events->on_room(component, bh_flow_handle(flows, flow), flow->context);
    }
    /* What a callback opened stands behind it. */
    next = flow->next;
    if (flow->over) tell_end(component, flows, flow);
  }
}

bool bh_streams_pending(bh_component *component, const bh_flows *flows) {
  for (const bh_flow *flow = flows->first; flow; flow = flow->next) {
    if (flow->over) return true;
    if (!flow->accepted) continue;
    if ((flow->reads && holds(flow) && !flow->paused) || is_complete(flow)) return true;
    if (flow->wants_room && bh_flow_has_room(component, flows, flow)) return true;
  }
  return false;
}
