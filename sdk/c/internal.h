/* What the parts of the library share. Not for components. */
#ifndef BULKHEAD_INTERNAL_H
#define BULKHEAD_INTERNAL_H

#include "bulkhead.h"

/* As protocol/src/ipc/frame.ts and control.ts have them; a test of the build compares. */
enum {
  BH_PROTOCOL = 1,
  BH_CONTROL_FD = 3,
  BH_MAX_FRAME = 1024 * 1024,
  BH_MAX_CALLS = 256,
  /* Of one channel, calls of connections that have gone included: a client that comes again and again piles up nothing. */
  BH_MAX_HANDLERS = 4 * BH_MAX_CALLS,
  BH_HALF_FRAME_MS = 5000,
  BH_HELLO_MS = 5000,
  BH_NAME_SPACE = 64,
  /* A provider reads no more calls, drops notifications, or gives the client up, while this much waits for it. */
  BH_NOTIFY_BYTES = 128 * 1024,
  BH_PAUSE_BYTES = 256 * 1024,
  BH_MAX_QUEUE = 8 * BH_MAX_FRAME,
  BH_CONNECTIONS = 4,
  BH_MAX_STREAMS = 16,
  BH_WINDOW_BYTES = 64 * 1024,
  /* Streams wait already then, so that calls need not wait behind them. */
  BH_CLOG_BYTES = 128 * 1024,
  BH_ERROR_SPACE = 256,
};

/* One connected stream of frames. */
typedef struct {
  int fd; /* -1: none */
  uint8_t *in;
  size_t in_length, in_capacity;
  uint8_t *out;
  size_t out_start, out_length, out_capacity;
  uint64_t half_since_ms; /* 0: no frame has begun */
  bool broken;            /* to be closed by its owner; a callback may still read from `in` */
} bh_link;

void bh_link_open(bh_link *link, int fd);
void bh_link_close(bh_link *link);
/* Takes what has come; marks the link broken where the peer has gone. */
void bh_link_fill(bh_link *link);
/* True with the next whole frame behind the first `*consumed` bytes, which it advances. Marks the link broken where the stream is. */
bool bh_link_next(bh_link *link, size_t *consumed, bh_reader *frame);
/* Forgets the first `consumed` bytes; for after the callbacks that were given readers into them. */
void bh_link_drop(bh_link *link, size_t consumed);
/* Queues one frame made of two pieces (`tail` may be NULL) and writes what the peer takes. False: nothing was queued. */
bool bh_link_send(bh_link *link, const bh_writer *head, const bh_writer *tail);
void bh_link_flush(bh_link *link);
/* A frame that began and does not end breaks the link. Lowers `wake_ms` to when that will be. */
void bh_link_check(bh_link *link, uint64_t now_ms, uint64_t *wake_ms);
size_t bh_link_queued(const bh_link *link);

/* A parsed frame of a channel. */
typedef struct {
  int kind; /* 0 request, 1 response, 2 notification, 3 open, 4 item, 5 credit, 6 end */
  uint32_t call;    /* or stream */
  bh_text name;     /* request, notification, open */
  bool has_error;   /* response, end */
  bh_text code, message;
  bh_reader body;   /* arguments, result, what is notified, or an item */
  uint32_t credit;  /* open, credit */
  size_t size;      /* of the whole frame, without its length */
} bh_message;

bool bh_parse(bh_reader frame, bh_message *message);
void bh_write_hello(bh_writer *writer, const bh_interface *interface, const bh_component *component);
enum bh_hello { BH_HELLO_OK, BH_HELLO_INVALID, BH_HELLO_MISMATCH };
enum bh_hello bh_read_hello(const bh_message *message, const bh_interface *interface, uint32_t *incarnation);
/* Sends `[2, name, body]`; a NULL body is an empty map. */
bool bh_send_notification(bh_link *link, const char *name, const bh_writer *body);

/* Writes an error as a response and an end have it. */
void bh_write_failure(bh_writer *writer, const char *code, const char *text);

typedef struct bh_waiting bh_waiting;
typedef struct bh_flow bh_flow;

/* The streams of one end of a channel; those that are over stay until their on_end was called. */
typedef struct {
  bh_flow *first;
  bool served;
  uint32_t channel; /* the end's index in its component */
  uint32_t last_id; /* of a client: what it opened last */
  uint64_t last_serial;
} bh_flows;

/* A client's end. */
typedef struct {
  const bh_use *use;
  char path[108];
  bh_link link;
  bool announced, up;         /* what the root server said */
  uint32_t announced_incarnation;
  bool open;                  /* hello exchanged */
  bool mismatch;              /* no call can succeed before the next incarnation */
  uint32_t incarnation;
  uint64_t retry_at_ms;
  uint32_t retry_ms, next_call;
  bh_waiting *calls;
  size_t call_count;
  bh_flows streams;
  bh_lease *lease;
} bh_client_end;

typedef struct {
  bh_link link;
  bool open;
  uint32_t serial, running;
  uint64_t hello_by_ms;
} bh_connection;

/* A provider's end: one channel of one client. */
typedef struct {
  const bh_service *service;
  bh_client client;
  char component[BH_NAME_SPACE], name[BH_NAME_SPACE];
  uint8_t *grant;
  bh_reader operations; /* an array of names; `at == NULL`: all */
  uint8_t *operation_bytes;
  int listener;
  bh_connection connections[BH_CONNECTIONS];
  bh_flows streams;
  uint32_t handlers; /* calls that are not answered, of all connections there ever were */
  uint32_t refused;
} bh_provider_end;

typedef struct bh_timer {
  struct bh_timer *next;
  uint64_t at_ms;
  void (*action)(bh_component *, void *);
  void *context;
} bh_timer;

struct bh_component {
  const bh_definition *definition;
  void *state;
  bh_link control;
  bool started, ready, stopping;
  char name[BH_NAME_SPACE];
  uint32_t incarnation, serial;
  uint64_t heartbeat_ms, heartbeat_at_ms;
  bh_client_end *clients;
  bh_provider_end *providers;
  size_t provider_count, provider_capacity;
  bh_timer *timers;
  uint32_t dropped_lines;
};

struct pollfd;
/* Each end: how many descriptors it watches, what became of them, what is due. `wake_ms` is lowered to the next time. */
size_t bh_client_watch(bh_component *component, bh_client_end *end, struct pollfd *fds, uint64_t *wake_ms);
void bh_client_serve(bh_component *component, bh_client_end *end, const struct pollfd *fds, size_t count);
void bh_client_peer(bh_component *component, bh_client_end *end, bool up, uint32_t incarnation);
size_t bh_provider_watch(bh_component *component, bh_provider_end *end, struct pollfd *fds, uint64_t *wake_ms);
void bh_provider_serve(bh_component *component, uint32_t index, const struct pollfd *fds, size_t count);
void bh_provider_listen(bh_component *component, bh_provider_end *end);
/* The link that a stream of this end is on; NULL where it has gone, or is not there yet. */
bh_link *bh_client_link(bh_client_end *end);
bh_link *bh_provider_link(bh_provider_end *end, uint32_t connection);
/* An item, credit or end. False: it breaks the rules, and so ends the connection. */
bool bh_stream_hear(bh_component *component, bh_flows *flows, uint32_t connection, const bh_message *message);
/* Whether the manifest allows the client this operation or stream. */
bool bh_provider_allows(const bh_provider_end *end, bh_text name);
/* A client's open frame. False: it breaks the rules. */
bool bh_stream_serve(bh_component *component, bh_provider_end *end, bh_connection *connection, const bh_message *message);
/* The connection is there: what was asked for before is opened. */
void bh_streams_begin(bh_component *component, bh_flows *flows);
/* The connection has gone; `all`: what waits for one fails, too. */
void bh_streams_lost(bh_flows *flows, uint32_t connection, bool all, const char *code);
/* Tells the component all that can be told now; no other function of the streams calls it, or frees anything. */
void bh_streams_settle(bh_component *component, bh_flows *flows);
/* True where there is something to be told. */
bool bh_streams_pending(bh_component *component, const bh_flows *flows);
/* NULL for no bytes. `path` is in the sandbox. */
bh_lease *bh_lease_open(bh_component *component, const char *path, uint64_t size_bytes);
/* Pieces that a late call held may be given out again. */
void bh_lease_peer_gone(bh_lease *lease);
void bh_hear_root(bh_component *component, bh_reader frame);
void *bh_allocate(bh_component *component, size_t size);

#endif
