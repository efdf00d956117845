/* The round in shared memory: the text goes from the client's piece into one of the next station's, and back with all names. */
#include <stdlib.h>
#include <string.h>

#include "station.h"

/* A piece of the client, while the next station works on one of its own. */
typedef struct {
  bh_request request;
  const bh_client *client;
  bh_piece piece, next;
} stamping;

static size_t text_space(bh_piece piece) { return piece.size_bytes < TRAIL ? (size_t)piece.size_bytes : TRAIL; }

static void answer(bh_component *component, const stamping *one, const char *text) {
  uint8_t space[1];
  bh_writer nil = bh_writer_over(space, sizeof space);
  bh_write_nil(&nil);
  if (bh_lease_write(one->client->lease, one->piece, 0, text, text_space(one->piece))) {
    bh_answer(component, one->request, &nil);
  } else {
    bh_refuse(component, one->request, "IPC_LEASE_INVALID", "the piece cannot be written");
  }
}

static void on_stamped(bh_component *component, void *context, const bh_error *error, bh_reader result) {
  (void)result;
  stamping *one = context;
  char text[TRAIL] = "";
  bool read = !error && bh_lease_read(bh_lease_of(component, "next"), one->next, 0, text, text_space(one->next));
  bh_lease_give(bh_lease_of(component, "next"), one->next, error);
  if (error) bh_refuse(component, one->request, error->code, "the next station did not answer");
  else if (!read) bh_refuse(component, one->request, "IPC_LEASE_INVALID", "the next station cut the lease off");
  else answer(component, one, text);
  free(one);
}

static void hand_on(bh_component *component, const stamping *one, const char *text) {
  stamping *waiting = malloc(sizeof *waiting);
  if (!waiting) bh_fault(component, "there is no memory left");
  *waiting = *one;
  uint8_t space[64];
  bh_writer writer = bh_writer_over(space, sizeof space);
  ring_stamp_arguments piece = {one->next.offset, one->next.size_bytes};
  write_ring_stamp_arguments(&writer, &piece);
  bh_lease_write(bh_lease_of(component, "next"), one->next, 0, text, text_space(one->next));
  bh_call(component, "next", "stamp", &writer, DEADLINE_MS, on_stamped, waiting);
}

void stamp(bh_component *component, bh_request request, const bh_client *client, bh_reader reader) {
  ring_stamp_arguments arguments;
  if (!read_ring_stamp_arguments(reader, &arguments)) {
    bh_refuse(component, request, "IPC_ARGUMENTS_INVALID", "stamp takes a piece");
    return;
  }
  stamping one = {.request = request, .client = client, .piece = {arguments.offset, arguments.size_bytes}};
  char text[TRAIL] = "";
  if (!bh_lease_read(client->lease, one.piece, 0, text, text_space(one.piece))) {
    bh_refuse(component, request, "IPC_LEASE_INVALID", "the piece is not inside the lease");
    return;
  }
  const char *zero = memchr(text, 0, TRAIL);
  size_t length = zero ? (size_t)(zero - text) : TRAIL, added = 1 + strlen(bh_name(component));
  if (length + added >= text_space(one.piece)) {
    bh_refuse(component, request, "IPC_ARGUMENTS_INVALID", "the piece has no room for another name");
    return;
  }
  text[length] = ' ';
  memcpy(text + length + 1, bh_name(component), added);
  if (bh_lease_take(bh_lease_of(component, "next"), one.piece.size_bytes, &one.next)) hand_on(component, &one, text);
  else answer(component, &one, text);
}
