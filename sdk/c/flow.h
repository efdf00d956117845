/* A stream as the parts of the library that deal with streams know it. Not for components. */
#ifndef BULKHEAD_FLOW_H
#define BULKHEAD_FLOW_H

#include "internal.h"

/* In front of each item that is held: its length, and what its frame took of the credit. */
enum { BH_HELD_HEADER = 8 };

struct bh_flow {
  bh_flow *next;
  uint64_t serial; /* of all streams that there ever were at this end: a client may use an id again */
  uint32_t id, connection;
  bool reads;    /* this end reads the items */
  bool started;  /* the other end knows of it */
  bool accepted; /* somebody hears of it */
  bool paused;   /* what is held was not taken */
  bool wants_room;
  bool ended;    /* this end has said that it writes no more */
  bool finished; /* the other end has said so: nothing comes for it any more */
  bool told_last;
  bool over;     /* on_end is due */
  int64_t credit; /* what the writing end may still send */
  uint32_t taken; /* by the component, and not given back as credit */
  /* Items that came: the size of each, that of its frame, and its bytes. */
  uint8_t *held;
  size_t held_start, held_length, held_capacity;
  uint8_t *opening; /* of a client: what stands in the open frame, until that is sent */
  size_t opening_length;
  const bh_stream_events *events;
  void *context;
  bool failed;
  char code[BH_NAME_SPACE + 1], message[BH_ERROR_SPACE];
};

/* NULL where there is none, or it is over. */
bh_flow *bh_flow_find(const bh_flows *flows, uint32_t connection, uint32_t id);
/* Puts a copy of `made` behind the others. */
bh_flow *bh_flow_add(bh_component *component, bh_flows *flows, bh_flow made);
/* Those of a connection that are not over. */
size_t bh_flow_count(const bh_flows *flows, uint32_t connection);
/* By which the component names it. */
bh_stream bh_flow_handle(const bh_flows *flows, const bh_flow *flow);
/* NULL where the other end does not know of it, or has gone. */
bh_link *bh_flow_link(bh_component *component, const bh_flows *flows, const bh_flow *flow);
/* Whether an item may be sent now. */
bool bh_flow_has_room(bh_component *component, const bh_flows *flows, const bh_flow *flow);
/* The error that it ends with. */
void bh_flow_note(bh_flow *flow, bh_text code, bh_text text);
/* Nothing more is sent or heard; what is held is thrown away. */
void bh_flow_finish(bh_flow *flow);
void bh_flow_finish_with(bh_flow *flow, const char *code, const char *text);
void bh_flow_send_credit(bh_link *link, uint32_t id, uint32_t size_bytes);
/* `code` is NULL for an end without an error, `link` where there is nobody to tell. */
void bh_flow_send_end(bh_link *link, uint32_t id, const char *code, const char *text);
/* NULL where the interface has none of this name. */
const bh_stream_kind *bh_stream_kind_of(const bh_interface *interface, bh_text name);

#endif
