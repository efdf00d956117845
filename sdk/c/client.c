/* The client's end of a channel: keeps it connected while the root server says that the provider is up, and keeps its calls. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

enum { FIRST_RETRY_MS = 10, MAX_RETRY_MS = 1000, MAX_CLIENT_QUEUE = 4 * 1024 * 1024 };

struct bh_waiting {
  bh_waiting *next;
  uint32_t call;
  const char *operation;
  bool idempotent, sent, repeated;
  const char *failure; /* told from the loop, never from within bh_call */
  uint64_t deadline_ms;
  bh_answered answered;
  void *context;
  size_t length;
  uint8_t arguments[];
};

static void sooner(uint64_t *wake_ms, uint64_t at_ms) {
  if (at_ms < *wake_ms) *wake_ms = at_ms;
}

static void send_call(bh_client_end *end, bh_waiting *call) {
  uint8_t space[2 + 5 + 6 + BH_NAME_SPACE];
  bh_writer head = bh_writer_over(space, sizeof space);
  call->call = end->next_call++;
  bh_write_array(&head, 4);
  bh_write_int(&head, 0);
  bh_write_int(&head, call->call);
  bh_write_text(&head, call->operation);
  bh_writer arguments = {call->arguments, call->length, call->length, false};
  if (bh_link_queued(&end->link) > MAX_CLIENT_QUEUE) call->failure = "IPC_OVERLOADED";
  else if (bh_link_send(&end->link, &head, &arguments)) call->sent = true;
  else if (!end->link.broken) call->failure = "IPC_FRAME_TOO_LARGE";
}

/* Takes a call out of the list and tells its caller. */
static void settle(bh_component *component, bh_client_end *end, bh_waiting *call, const bh_error *error,
                   bh_reader result) {
  for (bh_waiting **at = &end->calls; *at; at = &(*at)->next) {
    if (*at != call) continue;
    *at = call->next;
    break;
  }
  end->call_count--;
  if (call->answered) call->answered(component, call->context, error, result);
  free(call);
}

static void tell_peer(bh_component *component, bh_client_end *end, bool up) {
  if (end->use->on_peer) end->use->on_peer(component, up, end->incarnation);
}

/* The connection, or the attempt, has ended. */
static void lose(bh_component *component, bh_client_end *end) {
  bool was_open = end->open;
  bh_link_close(&end->link);
  end->open = false;
  for (bh_waiting *call = end->calls; call; call = call->next) {
    if (!call->sent) continue;
    call->sent = false;
    if (!call->idempotent || call->repeated) call->failure = "PEER_GONE";
    call->repeated = true;
  }
  if (end->mismatch) {
    for (bh_waiting *call = end->calls; call; call = call->next) call->failure = "IPC_INTERFACE_MISMATCH";
  }
  bh_streams_lost(&end->streams, 0, end->mismatch, end->mismatch ? "IPC_INTERFACE_MISMATCH" : "PEER_GONE");
  bh_lease_peer_gone(end->lease);
  end->retry_at_ms = bh_now_ms() + end->retry_ms;
  end->retry_ms = end->retry_ms * 2 > MAX_RETRY_MS ? MAX_RETRY_MS : end->retry_ms * 2;
  if (was_open) tell_peer(component, end, false);
}

static void connect_to(bh_component *component, bh_client_end *end) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, end->path, strlen(end->path) + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) bh_fault(component, "no socket can be made");
  bh_link_open(&end->link, fd);
  uint8_t space[512];
  bh_writer hello = bh_writer_over(space, sizeof space);
  bh_write_hello(&hello, end->use->interface, component);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) end->link.broken = true;
  else bh_send_notification(&end->link, "hello", &hello);
}

static void opened(bh_component *component, bh_client_end *end, const bh_message *message) {
  switch (bh_read_hello(message, end->use->interface, &end->incarnation)) {
    case BH_HELLO_OK:
      end->open = true;
      end->retry_ms = FIRST_RETRY_MS;
      tell_peer(component, end, true);
      for (bh_waiting *call = end->calls; call; call = call->next) {
        if (!call->sent && !call->failure) send_call(end, call);
      }
      bh_streams_begin(component, &end->streams);
      return;
    case BH_HELLO_MISMATCH:
      end->mismatch = true;
      bh_log(component, "warn", "channel %s: the provider was built from another interface; build both again",
             end->use->name);
      break;
    case BH_HELLO_INVALID:
      bh_log(component, "warn", "channel %s: the provider's first frame is no hello", end->use->name);
  }
  end->link.broken = true;
}

static void answered(bh_component *component, bh_client_end *end, const bh_message *message) {
  bh_waiting *call = end->calls;
  while (call && !(call->sent && call->call == message->call)) call = call->next;
  if (!call) {
    /* An answer after its deadline is fine; one to a call that was never made is not. */
    if (message->call >= end->next_call) end->link.broken = true;
    return;
  }
  if (!message->has_error) {
    settle(component, end, call, NULL, message->body);
    return;
  }
  char code[BH_NAME_SPACE + 1] = "", text[BH_ERROR_SPACE] = "";
  memcpy(code, message->code.bytes, message->code.length);
  memcpy(text, message->message.bytes,
         message->message.length < sizeof text ? message->message.length : sizeof text - 1);
  settle(component, end, call, &(bh_error){code, text}, message->body);
}

/* A frame that breaks the rules. */
static void refuse(bh_component *component, bh_client_end *end, const char *why) {
  end->link.broken = true;
  bh_log(component, "warn", "channel %s closed: %s {\"code\":\"IPC_FRAME_INVALID\"}", end->use->name, why);
}

static void hear_stream(bh_component *component, bh_client_end *end, const bh_message *message) {
  if (bh_stream_hear(component, &end->streams, 0, message)) bh_streams_settle(component, &end->streams);
  else refuse(component, end, "an item without credit, or of no stream");
}

static void hear(bh_component *component, bh_client_end *end) {
  size_t consumed = 0;
  bh_reader frame;
  while (bh_link_next(&end->link, &consumed, &frame)) {
    bh_message message;
    if (!bh_parse(frame, &message)) refuse(component, end, "a frame is no message");
    else if (!end->open) opened(component, end, &message);
    else if (message.kind == 1) answered(component, end, &message);
    else if (message.kind == 0 || message.kind == 3) refuse(component, end, "only a client may send requests");
    else if (message.kind > 3) hear_stream(component, end, &message);
    else if (end->use->on_notification) end->use->on_notification(component, message.name, message.body);
  }
  bh_link_drop(&end->link, consumed);
}

bh_link *bh_client_link(bh_client_end *end) { return end->open && !end->link.broken ? &end->link : NULL; }

size_t bh_client_watch(bh_component *component, bh_client_end *end, struct pollfd *fds, uint64_t *wake_ms) {
  uint64_t now_ms = bh_now_ms();
  if (bh_streams_pending(component, &end->streams)) sooner(wake_ms, now_ms);
  for (bh_waiting *call = end->calls; call; call = call->next) {
    sooner(wake_ms, call->failure ? now_ms : call->deadline_ms);
  }
  if (end->link.fd < 0) {
    if (end->announced && end->up && !end->mismatch) sooner(wake_ms, end->retry_at_ms);
    return 0;
  }
  if (end->link.broken) sooner(wake_ms, now_ms);
  bh_link_check(&end->link, now_ms, wake_ms);
  short events = bh_link_queued(&end->link) > 0 ? POLLIN | POLLOUT : POLLIN;
  fds[0] = (struct pollfd){.fd = end->link.fd, .events = events};
  return 1;
}

/* Tells the callers of calls that have failed or are late; those that they make meanwhile wait for the next turn. */
static void settle_failed(bh_component *component, bh_client_end *end, uint64_t now_ms) {
  for (size_t left = end->call_count; left > 0; left--) {
    bh_waiting *call = end->calls;
    while (call && !call->failure && call->deadline_ms > now_ms) call = call->next;
    if (!call) return;
    const char *code = call->failure;
    if (!code) code = end->open ? "DEADLINE_EXCEEDED" : "PEER_GONE";
    bh_error error = {code, "the call was not answered"};
    settle(component, end, call, &error, (bh_reader){0});
  }
}

void bh_client_serve(bh_component *component, bh_client_end *end, const struct pollfd *fds, size_t count) {
  uint64_t now_ms = bh_now_ms();
  if (count > 0 && fds[0].fd == end->link.fd && fds[0].revents != 0) {
    bh_link_flush(&end->link);
    bh_link_fill(&end->link);
    /* What came before the end still counts. */
    bool ended = end->link.broken;
    end->link.broken = false;
    hear(component, end);
    if (ended) end->link.broken = true;
  }
  if (end->link.fd >= 0 && end->link.broken) lose(component, end);
  bool wanted = end->announced && end->up && !end->mismatch;
  if (end->link.fd < 0 && wanted && now_ms >= end->retry_at_ms) connect_to(component, end);
  settle_failed(component, end, now_ms);
  bh_streams_settle(component, &end->streams);
}

void bh_client_peer(bh_component *component, bh_client_end *end, bool up, uint32_t incarnation) {
  bool other = end->link.fd >= 0 && (!up || (end->open && end->incarnation != incarnation));
  if (incarnation != end->announced_incarnation) end->mismatch = false;
  end->announced = true;
  end->up = up;
  end->announced_incarnation = incarnation;
  if (other) lose(component, end);
  end->retry_ms = FIRST_RETRY_MS;
  end->retry_at_ms = bh_now_ms();
  if (up) return;
  bh_streams_lost(&end->streams, 0, true, "PEER_GONE");
  for (bh_waiting *call = end->calls; call; call = call->next) {
    if (!call->idempotent) call->failure = "PEER_GONE";
  }
}

static const bh_operation *find_operation(const bh_interface *interface, const char *name) {
  for (size_t i = 0; i < interface->operation_count; i++) {
    if (strcmp(interface->operations[i].name, name) == 0) return &interface->operations[i];
  }
  return NULL;
}

void bh_call(bh_component *component, const char *use, const char *operation, const bh_writer *arguments,
             uint32_t deadline_ms, bh_answered callback, void *context) {
  bh_client_end *end = NULL;
  for (size_t i = 0; i < component->definition->use_count; i++) {
    if (strcmp(component->clients[i].use->name, use) == 0) end = &component->clients[i];
  }
  const bh_operation *known = end ? find_operation(end->use->interface, operation) : NULL;
  if (!known) bh_fault(component, "there is no %s.%s to call", use, operation);
  size_t length = arguments->failed ? 0 : arguments->length;
  bh_waiting *call = bh_allocate(component, sizeof *call + length);
  *call = (bh_waiting){.operation = known->name, .idempotent = known->idempotent, .answered = callback,
                       .context = context, .length = length, .deadline_ms = bh_now_ms() + deadline_ms};
  if (length > 0) memcpy(call->arguments, arguments->bytes, length);
  bh_waiting **last = &end->calls;
  while (*last) last = &(*last)->next;
  *last = call;
  end->call_count++;
  if (arguments->failed || !bh_is_message(arguments->bytes, arguments->length)) call->failure = "IPC_ARGUMENTS_INVALID";
  else if (end->call_count > BH_MAX_CALLS) call->failure = "IPC_OVERLOADED";
  else if (end->mismatch) call->failure = "IPC_INTERFACE_MISMATCH";
  else if (!known->idempotent && end->announced && !end->up) call->failure = "PEER_GONE";
  else if (end->open) send_call(end, call);
}
