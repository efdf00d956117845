/*
 * Bulkhead's client library for C11: a component that talks to its channels and to the root server. No dependency but the C
 * library; one thread; every buffer bounded. docs/guide/component-c.md shows a whole component.
 *
 * Everything happens in callbacks, which must return soon: the heartbeat comes from the same loop. Text and readers that
 * a callback is given are valid until it returns.
 */
#ifndef BULKHEAD_H
#define BULKHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- MessagePack (msgpack/spec.md), strict: nothing is read beyond the message, nothing is written beyond the space ---- */

/* UTF-8, not ended by NUL. */
typedef struct {
  const char *bytes;
  size_t length;
} bh_text;

typedef struct {
  const uint8_t *bytes;
  size_t length;
} bh_bytes;

/* A place in a message. What does not fit sets `failed`, and everything read after that is zero: check once, at the end. */
typedef struct {
  const uint8_t *at;
  const uint8_t *end;
  bool failed;
} bh_reader;

enum bh_type { BH_NONE, BH_NIL, BH_BOOL, BH_INT, BH_NUMBER, BH_TEXT, BH_BYTES, BH_ARRAY, BH_MAP };

enum bh_type bh_peek(const bh_reader *reader);
void bh_read_nil(bh_reader *reader);
bool bh_read_bool(bh_reader *reader);
int64_t bh_read_int(bh_reader *reader);
double bh_read_number(bh_reader *reader);
bh_text bh_read_text(bh_reader *reader);
bh_bytes bh_read_bytes(bh_reader *reader);
/* The number of values, or of pairs of key and value, that follow. */
uint32_t bh_read_array(bh_reader *reader);
uint32_t bh_read_map(bh_reader *reader);
/* One value of any type, as a reader of its own. */
bh_reader bh_read_any(bh_reader *reader);
/* True where `length` bytes are exactly one value, at most 64 deep, that announces no more than it holds. */
bool bh_is_message(const uint8_t *bytes, size_t length);
bool bh_text_is(bh_text text, const char *expected);

/* Writes into space of the caller. What does not fit sets `failed`; sending it then fails. */
typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
  bool failed;
} bh_writer;

bh_writer bh_writer_over(uint8_t *space, size_t capacity);
void bh_write_nil(bh_writer *writer);
void bh_write_bool(bh_writer *writer, bool value);
void bh_write_int(bh_writer *writer, int64_t value);
void bh_write_number(bh_writer *writer, double value);
void bh_write_text(bh_writer *writer, const char *text);
void bh_write_text_of(bh_writer *writer, bh_text text);
void bh_write_bytes(bh_writer *writer, const uint8_t *bytes, size_t length);
void bh_write_array(bh_writer *writer, uint32_t count);
void bh_write_map(bh_writer *writer, uint32_t count);
/* Bytes that are MessagePack already. */
void bh_write_raw(bh_writer *writer, const uint8_t *bytes, size_t length);

/* ---- Components ---- */

typedef struct {
  const char *name;
  /* The library may repeat the call when the provider restarted before it answered. */
  bool idempotent;
} bh_operation;

typedef struct {
  const char *name;
  /* Who writes the items: the provider, or the client. */
  bool from_provider;
} bh_stream_kind;

/* `bulkhead build` writes these, with the digest, into interfaces.h. */
typedef struct {
  const char *name;
  const char *digest;
  const bh_operation *operations;
  size_t operation_count;
  const bh_stream_kind *streams;
  size_t stream_count;
} bh_interface;

typedef struct bh_component bh_component;

/* Why a call failed: a code as docs/architecture.md has them (PEER_GONE, DEADLINE_EXCEEDED, IPC_NOT_GRANTED …). */
typedef struct {
  const char *code;
  const char *message;
} bh_error;

/* A call that waits for its answer; may be copied and answered after the callback has returned. */
typedef struct {
  uint32_t channel;
  uint32_t connection;
  uint32_t call;
} bh_request;

/* An open stream, at either end; may be copied and used after the callback has returned. */
typedef struct {
  bool served; /* at its provider */
  uint32_t channel;
  uint64_t serial;
} bh_stream;

/* Memory that the two ends of a channel share, where the manifest gives it a `lease`. */
typedef struct bh_lease bh_lease;

/* A client as its provider sees it. The channel is its identity. Stays where it is as long as the component runs. */
typedef struct {
  const char *component;
  const char *name;
  /* The limits that the manifest sets, for the provider to enforce: a map. */
  bh_reader grant;
  /* NULL where the manifest gives none. */
  bh_lease *lease;
} bh_client;

/* A channel of `uses:` in the manifest. Callbacks may be NULL. */
typedef struct {
  const char *name;
  const bh_interface *interface;
  void (*on_peer)(bh_component *component, bool up, uint32_t incarnation);
  void (*on_notification)(bh_component *component, bh_text notification, bh_reader body);
} bh_use;

/* A service of `provides:`. Operations that the interface has not, or the manifest does not allow, are refused before. */
typedef struct {
  const char *name;
  const bh_interface *interface;
  void (*on_call)(bh_component *component, bh_request request, const bh_client *client, bh_text operation,
                  bh_reader arguments);
  /* A client has opened a stream: bh_stream_accept or bh_stream_fail it, now or later. Needed where the interface has any. */
  void (*on_stream)(bh_component *component, bh_stream stream, const bh_client *client, bh_text name,
                    bh_reader arguments);
} bh_service;

typedef struct {
  const bh_use *uses;
  size_t use_count;
  const bh_service *services;
  size_t service_count;
  /* Called once; the component is ready when it returns. `config` is that of the manifest. */
  void (*start)(bh_component *component, bh_reader config);
  /* Called when the component is asked to stop; may be NULL. */
  void (*stop)(bh_component *component);
} bh_definition;

/* Runs the component until the root server says stop; the return value is main's. */
int bh_run(const bh_definition *definition, void *state);

/* What was given to bh_run. */
void *bh_state(const bh_component *component);
const char *bh_name(const bh_component *component);
uint32_t bh_incarnation(const bh_component *component);

/* Exactly one of error and result: `error` is NULL where the call was answered. */
typedef void (*bh_answered)(bh_component *component, void *context, const bh_error *error, bh_reader result);

/* Calls `operation` of the channel `use`. `answered` (or NULL) is called once, always from the loop. */
void bh_call(bh_component *component, const char *use, const char *operation, const bh_writer *arguments,
             uint32_t deadline_ms, bh_answered answered, void *context);
/* False where the client has gone meanwhile. */
bool bh_answer(bh_component *component, bh_request request, const bh_writer *result);
bool bh_refuse(bh_component *component, bh_request request, const char *code, const char *message);
/* Tells all connected clients of `service`; false where one reads too slowly and did not get it. */
bool bh_notify(bh_component *component, const char *service, const char *notification, const bh_writer *body);

/* ---- Streams (docs/decisions/0015): items in order, as many as the reading end has room for ---- */

/* What becomes of a stream. All are called from the loop, and may be NULL; nothing is called after on_end. */
typedef struct {
  /* The reading end: one item. False: not now; it is held, with those behind it, and offered again after bh_stream_resume. */
  bool (*on_item)(bh_component *component, bh_stream stream, void *context, bh_reader item);
  /* The writing end: there is room again, after bh_stream_write said that there is none. */
  void (*on_room)(bh_component *component, bh_stream stream, void *context);
  /* A provider that reads: all items have come. bh_stream_end then tells the client that the work is done; without this
   * callback the library does. */
  void (*on_last)(bh_component *component, bh_stream stream, void *context);
  /* Once, at the end: `error` is NULL where the stream was completed. Free `context` here. IPC_STREAM_CANCELLED: the reading
   * end wants no more. PEER_GONE: the connection has ended; a client has read before what came before. */
  void (*on_end)(bh_component *component, bh_stream stream, void *context, const bh_error *error);
} bh_stream_events;

/* Opens `stream` of the channel `use`. What goes wrong is told by on_end. At most 16 of a channel at once: IPC_OVERLOADED. */
bh_stream bh_stream_open(bh_component *component, const char *use, const char *stream, const bh_writer *arguments,
                         const bh_stream_events *events, void *context);
/* Takes a stream that on_stream told of; false where it has ended meanwhile: then no event is called. */
bool bh_stream_accept(bh_component *component, bh_stream stream, const bh_stream_events *events, void *context);

/* BH_NO_ROOM: nothing was written; on_room follows. BH_OVER: the stream has ended, or this end does not write it, or has said
 * that there are no more. BH_MISFIT: the item is not one MessagePack value, or larger than a frame. */
enum bh_written { BH_WRITTEN, BH_NO_ROOM, BH_OVER, BH_MISFIT };
enum bh_written bh_stream_write(bh_component *component, bh_stream stream, const bh_writer *item);
/* Of a writing end: there are no more items; at the client on_end follows when the provider has dealt with all of them. Of a
 * reading end: it needs no more; at the client on_end follows with IPC_STREAM_CANCELLED. False where it is over already. */
bool bh_stream_end(bh_component *component, bh_stream stream);
/* The same, and the other end is told why. on_end follows, with this error. */
bool bh_stream_fail(bh_component *component, bh_stream stream, const char *code, const char *message);
/* What on_item did not take is offered again. */
void bh_stream_resume(bh_component *component, bh_stream stream);

/* ---- Leases (docs/decisions/0013): memory that both ends read and write, and that is never mapped ---- */

/* What a client names in the arguments of a call. The other end can be wrong or lie: each use is checked. */
typedef struct {
  int64_t offset;
  int64_t size_bytes;
} bh_piece;

/* That of the channel `use`; NULL where the manifest gives none. */
bh_lease *bh_lease_of(bh_component *component, const char *use);
/* The client alone gives out pieces. False where there is no room for `size_bytes`, or no lease. */
bool bh_lease_take(bh_lease *lease, int64_t size_bytes, bh_piece *piece);
/* When the call that worked on it is over; `error` is that of the call. After DEADLINE_EXCEEDED the provider may still write,
 * so that the piece is not given out again before the provider has gone. */
void bh_lease_give(bh_lease *lease, bh_piece piece, const bh_error *error);
/* Copies from or to `at` of the piece, at either end. False (IPC_LEASE_INVALID): it is not inside the piece, the piece not
 * inside the lease, or the other end has cut the lease off. */
bool bh_lease_read(bh_lease *lease, bh_piece piece, int64_t at, void *bytes, size_t length);
bool bh_lease_write(bh_lease *lease, bh_piece piece, int64_t at, const void *bytes, size_t length);

/* ---- The rest ---- */

/* Calls `action` once, `after_ms` from now. */
void bh_after(bh_component *component, uint32_t after_ms, void (*action)(bh_component *component, void *context),
              void *context);
/* One line of the log; dropped, and counted, where nobody reads it. `level`: debug, info, warn, error. */
void bh_log(bh_component *component, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Gives up: the root server is told why, and supervision does what the manifest says. Does not return. */
_Noreturn void bh_fault(bh_component *component, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Milliseconds of a clock that never goes back. */
uint64_t bh_now_ms(void);

#endif
