/*
 * Streams of both ends: an item is sent while its reader has given credit for it, so a reader holds at most the window and one
 * frame. docs/decisions/0015. Frames and the component's own calls only note what is to be told; `bh_streams_settle` tells it.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { HELD_HEADER = 8, FIRST_HELD = 4096 };

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

static const bh_stream_events no_events = {0};

static bh_flows *flows_of(bh_component *component, bh_stream stream) {
  size_t ends = stream.served ? component->provider_count : component->definition->use_count;
  if (stream.channel >= ends) return NULL;
  return stream.served ? &component->providers[stream.channel].streams : &component->clients[stream.channel].streams;
}

static bh_flow *find(const bh_flows *flows, uint32_t connection, uint32_t id) {
  bh_flow *flow = flows ? flows->first : NULL;
  while (flow && (flow->over || flow->id != id || flow->connection != connection)) flow = flow->next;
  return flow;
}

static bh_flow *find_serial(const bh_flows *flows, uint64_t serial) {
  bh_flow *flow = flows ? flows->first : NULL;
  while (flow && (flow->over || flow->serial != serial)) flow = flow->next;
  return flow;
}

static bh_link *link_of(bh_component *component, const bh_flows *flows, const bh_flow *flow) {
  if (flows->served) return bh_provider_link(&component->providers[flows->channel], flow->connection);
  return flow->started ? bh_client_link(&component->clients[flows->channel]) : NULL;
}

static bh_stream handle_of(const bh_flows *flows, const bh_flow *flow) {
  return (bh_stream){flows->served, flows->channel, flow->serial};
}

static bh_flow *add(bh_component *component, bh_flows *flows, bh_flow made) {
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

static void note_error(bh_flow *flow, bh_text code, bh_text text) {
  flow->failed = true;
  copy_text(flow->code, sizeof flow->code, code);
  copy_text(flow->message, sizeof flow->message, text);
}

/* Nothing more is sent or heard; what is held is thrown away. */
static void finish(bh_flow *flow) {
  flow->over = true;
  flow->held_start = flow->held_length = 0;
}

static void finish_with(bh_flow *flow, const char *code, const char *text) {
  note_error(flow, (bh_text){code, strlen(code)}, (bh_text){text, strlen(text)});
  finish(flow);
}

/* ---- Frames out ---- */

static void send_credit(bh_link *link, uint32_t id, uint32_t size_bytes) {
  uint8_t space[16];
  bh_writer frame = bh_writer_over(space, sizeof space);
  bh_write_array(&frame, 3);
  bh_write_int(&frame, 5);
  bh_write_int(&frame, id);
  bh_write_int(&frame, size_bytes);
  bh_link_send(link, &frame, NULL);
}

/* `code` is NULL for an end without an error. */
static void send_end(bh_link *link, uint32_t id, const char *code, const char *text) {
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

static void start(bh_component *component, bh_flows *flows, bh_flow *flow) {
  uint8_t space[16];
  bh_writer head = bh_writer_over(space, sizeof space);
  bh_write_array(&head, 5);
  bh_write_int(&head, 3);
  bh_write_int(&head, flow->id);
  bh_writer tail = {flow->opening, flow->opening_length, flow->opening_length, false};
  flow->started = true;
  bh_link *link = link_of(component, flows, flow);
  if (!link || !bh_link_send(link, &head, &tail)) {
    if (link && !link->broken) finish_with(flow, "IPC_FRAME_TOO_LARGE", "the arguments do not fit a frame");
    else flow->started = false;
    return;
  }
  free(flow->opening);
  flow->opening = NULL;
  if (flow->ended) send_end(link, flow->id, NULL, NULL);
}

void bh_streams_begin(bh_component *component, bh_flows *flows) {
  for (bh_flow *flow = flows->first; flow; flow = flow->next) {
    if (!flow->started && !flow->over) start(component, flows, flow);
  }
}

/* ---- What the component asks for ---- */

static const bh_stream_kind *kind_of(const bh_interface *interface, bh_text name) {
  for (size_t i = 0; i < interface->stream_count; i++) {
    if (bh_text_is(name, interface->streams[i].name)) return &interface->streams[i];
  }
  return NULL;
}

static size_t count_open(const bh_flows *flows, uint32_t connection) {
  size_t count = 0;
  for (const bh_flow *flow = flows->first; flow; flow = flow->next) count += !flow->over && flow->connection == connection;
  return count;
}

static uint32_t next_id(bh_flows *flows) {
  do flows->last_id++;
  while (find(flows, 0, flows->last_id));
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
  const bh_stream_kind *kind = end ? kind_of(end->use->interface, (bh_text){name, strlen(name)}) : NULL;
  if (!kind) bh_fault(component, "there is no %s.%s to open", use, name);
  bool reads = kind->from_provider;
  bh_flow made = {.id = next_id(&end->streams), .reads = reads, .accepted = true, .events = events, .context = context,
                  .credit = reads ? BH_WINDOW_BYTES : 0};
  bool is_full = count_open(&end->streams, 0) >= BH_MAX_STREAMS;
  bh_flow *flow = add(component, &end->streams, made);
  if (is_full) finish_with(flow, "IPC_OVERLOADED", "16 streams are open already");
  else if (end->mismatch) finish_with(flow, "IPC_INTERFACE_MISMATCH", "the provider was built from another interface");
  else if (end->announced && !end->up) finish_with(flow, "PEER_GONE", "the provider has gone");
  else if (arguments->failed || !bh_is_message(arguments->bytes, arguments->length)) {
    finish_with(flow, "IPC_ARGUMENTS_INVALID", "the arguments are not one MessagePack value");
  } else {
    write_opening(component, flow, name, arguments);
    if (end->open) start(component, &end->streams, flow);
  }
  return handle_of(&end->streams, flow);
}

bool bh_stream_accept(bh_component *component, bh_stream stream, const bh_stream_events *events, void *context) {
  bh_flow *flow = find_serial(flows_of(component, stream), stream.serial);
  if (!flow || flow->accepted) return false;
  flow->accepted = true;
  flow->events = events;
  flow->context = context;
  return true;
}

static bool has_room(bh_component *component, const bh_flows *flows, const bh_flow *flow) {
  if (flow->credit <= 0) return false;
  const bh_link *link = link_of(component, flows, flow);
  return link && bh_link_queued(link) <= BH_CLOG_BYTES;
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
  if (!has_room(component, flows, flow)) {
    flow->wants_room = true;
    return BH_NO_ROOM;
  }
  /* Where the link breaks now, on_end follows. */
  if (!bh_link_send(link_of(component, flows, flow), &head, item)) return BH_OVER;
  flow->credit -= (int64_t)(head.length + item->length);
  return BH_WRITTEN;
}

bool bh_stream_end(bh_component *component, bh_stream stream) {
  bh_flows *flows = flows_of(component, stream);
  bh_flow *flow = find_serial(flows, stream.serial);
  if (!flow || flow->ended) return false;
  bh_link *link = link_of(component, flows, flow);
  /* A provider that has ended it waits for no word of a client that reads. */
  if (flows->served || !flow->finished) send_end(link, flow->id, NULL, NULL);
  if (flows->served) finish(flow);
  else if (flow->reads) finish_with(flow, "IPC_STREAM_CANCELLED", "this end wanted no more");
  else flow->ended = true;
  return true;
}

bool bh_stream_fail(bh_component *component, bh_stream stream, const char *code, const char *message) {
  bh_flows *flows = flows_of(component, stream);
  bh_flow *flow = find_serial(flows, stream.serial);
  if (!flow) return false;
  /* One that a client never opened nobody has to be told of. */
  if (flows->served || flow->started) send_end(link_of(component, flows, flow), flow->id, code, message);
  finish_with(flow, code, message);
  return true;
}

void bh_stream_resume(bh_component *component, bh_stream stream) {
  bh_flow *flow = find_serial(flows_of(component, stream), stream.serial);
  if (flow) flow->paused = false;
}

/* ---- Frames in ---- */

static void hold(bh_component *component, bh_flow *flow, const bh_message *message) {
  size_t length = (size_t)(message->body.end - message->body.at), needed = HELD_HEADER + length;
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
  memcpy(flow->held + flow->held_length + HELD_HEADER, message->body.at, length);
  flow->held_length += needed;
}

static void hear_end(bh_flows *flows, bh_flow *flow, const bh_message *message) {
  if (!flow->reads && flows->served) {
    finish_with(flow, "IPC_STREAM_CANCELLED", "the client wants no more");
    return;
  }
  if (message->has_error) note_error(flow, message->code, message->message);
  /* What came before is taken first. */
  if (flow->reads) flow->finished = true;
  else finish(flow);
}

bool bh_stream_hear(bh_component *component, bh_flows *flows, uint32_t connection, const bh_message *message) {
  bh_flow *flow = find(flows, connection, message->call);
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
  if (find(flows, connection->serial, message->call)) return false;
  const bh_stream_kind *kind = kind_of(end->service->interface, message->name);
  if (count_open(flows, connection->serial) >= BH_MAX_STREAMS) {
    send_end(&connection->link, message->call, "IPC_OVERLOADED", "16 streams are open already");
    return true;
  }
  if (!kind || !end->service->on_stream) {
    send_end(&connection->link, message->call, "IPC_UNKNOWN_OPERATION", "the interface has no such stream");
    return true;
  }
  if (!bh_provider_allows(end, message->name)) {
    send_end(&connection->link, message->call, "IPC_NOT_GRANTED", "the manifest does not allow this stream");
    return true;
  }
  bool reads = !kind->from_provider;
  bh_flow made = {.id = message->call, .connection = connection->serial, .reads = reads, .started = true,
                  .credit = reads ? BH_WINDOW_BYTES : (int64_t)message->credit};
  bh_flow *flow = add(component, flows, made);
  if (reads) send_credit(&connection->link, flow->id, BH_WINDOW_BYTES);
  end->service->on_stream(component, handle_of(flows, flow), &end->client, message->name, message->body);
  return true;
}

void bh_streams_lost(bh_flows *flows, uint32_t connection, bool all, const char *code) {
  for (bh_flow *flow = flows->first; flow; flow = flow->next) {
    if (flow->over || flow->connection != connection || (!flow->started && !all)) continue;
    if (flow->finished && !flows->served) continue;
    if (flow->reads && !flows->served) {
      /* What came before is taken first, then told. */
      flow->finished = true;
      note_error(flow, (bh_text){code, strlen(code)}, (bh_text){"the provider has gone", 21});
    } else finish_with(flow, code, "the other end has gone");
  }
}

/* ---- What the component is told ---- */

static bool holds(const bh_flow *flow) { return flow->held_length > flow->held_start; }

/* Credit is given back in halves of the window: a frame of it per item would double the messages. */
static void give_back(bh_component *component, bh_flows *flows, bh_flow *flow, uint32_t size) {
  flow->taken += size;
  if (flow->over || flow->finished || flow->taken < BH_WINDOW_BYTES / 2) return;
  bh_link *link = link_of(component, flows, flow);
  if (!link) return;
  flow->credit += flow->taken;
  send_credit(link, flow->id, flow->taken);
  flow->taken = 0;
}

static void offer(bh_component *component, bh_flows *flows, bh_flow *flow) {
  while (!flow->over && !flow->paused && holds(flow)) {
    uint32_t sizes[2];
    const uint8_t *at = flow->held + flow->held_start;
    memcpy(sizes, at, sizeof sizes);
    bh_reader item = {at + HELD_HEADER, at + HELD_HEADER + sizes[0], false};
    bh_stream stream = handle_of(flows, flow);
    if (flow->events->on_item && !flow->events->on_item(component, stream, flow->context, item)) {
      flow->paused = true;
      return;
    }
    /* It may have ended the stream. */
    if (flow->over) return;
    flow->held_start += HELD_HEADER + sizes[0];
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
  bh_stream stream = handle_of(flows, flow);
  if (!flows->served) {
    flow->over = true;
  } else if (flow->failed) {
    send_end(link_of(component, flows, flow), flow->id, flow->code, flow->message);
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
  if (events->on_end) events->on_end(component, handle_of(flows, flow), flow->context, flow->failed ? &error : NULL);
  free(flow->held);
  free(flow->opening);
  free(flow);
}

void bh_streams_settle(bh_component *component, bh_flows *flows) {
  for (bh_flow *flow = flows->first, *next; flow; flow = next) {
    if (flow->accepted && flow->reads && !flow->over) offer(component, flows, flow);
    if (flow->accepted && !flow->over && is_complete(flow)) complete(component, flows, flow);
    if (flow->accepted && !flow->over && flow->wants_room && has_room(component, flows, flow)) {
      flow->wants_room = false;
      if (flow->events->on_room) flow->events->on_room(component, handle_of(flows, flow), flow->context);
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
    if (flow->wants_room && has_room(component, flows, flow)) return true;
  }
  return false;
}
