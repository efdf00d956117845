/* The provider's end of a channel: hello, the operations that the manifest allows, and bounds that keep a bad client to itself. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

void bh_provider_listen(bh_component *component, bh_provider_end *end) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "/run/ipc/provides/%s.%s/socket", end->component,
                        end->name);
  if (length < 0 || (size_t)length >= sizeof address.sun_path) bh_fault(component, "a channel's name is too long");
  /* One that an earlier incarnation left. */
  unlink(address.sun_path);
  end->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* The mount is the permission, so the socket itself is open to all who see it: mode 0666. */
  mode_t before = umask(0111);
  bool bound = end->listener >= 0 && bind(end->listener, (struct sockaddr *)&address, sizeof address) == 0;
  umask(before);
  if (!bound || listen(end->listener, BH_CONNECTIONS) != 0) bh_fault(component, "%s cannot be bound", address.sun_path);
}

static const char mismatch[] = "the client was built from another interface";

/* A client that is refused a thousand times must not fill the log: 1, 2, 4, 8 … are told. */
static void drop(bh_component *component, bh_provider_end *end, bh_connection *connection, const char *why) {
  bh_link_close(&connection->link);
  bh_streams_lost(&end->streams, connection->serial, true, "PEER_GONE");
  *connection = (bh_connection){.link = connection->link};
  if (!why) return;
  uint32_t count = ++end->refused;
  if ((count & (count - 1)) == 0) {
    bh_log(component, "warn", "channel %s.%s closed: %s {\"code\":\"%s\",\"refused\":%u}", end->component, end->name, why,
           why == mismatch ? "IPC_INTERFACE_MISMATCH" : "IPC_FRAME_INVALID", count);
  }
}

static void accept_one(bh_component *component, bh_provider_end *end) {
  int fd = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  bh_connection *free_one = NULL;
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    if (end->connections[i].link.fd < 0) free_one = &end->connections[i];
  }
  if (!free_one) {
    close(fd);
    return;
  }
  bh_link_open(&free_one->link, fd);
  free_one->hello_by_ms = bh_now_ms() + BH_HELLO_MS;
  free_one->serial = ++component->serial;
  uint8_t space[512];
  bh_writer hello = bh_writer_over(space, sizeof space);
  bh_write_hello(&hello, end->service->interface, component);
  bh_send_notification(&free_one->link, "hello", &hello);
}

static bool has_operation(const bh_interface *interface, bh_text name) {
  for (size_t i = 0; i < interface->operation_count; i++) {
    if (bh_text_is(name, interface->operations[i].name)) return true;
  }
  return false;
}

static bool is_allowed(bh_reader names, bh_text name) {
  if (!names.at) return true;
  uint32_t count = bh_read_array(&names);
  for (uint32_t i = 0; i < count && !names.failed; i++) {
    bh_text one = bh_read_text(&names);
    if (one.length == name.length && memcmp(one.bytes, name.bytes, name.length) == 0) return true;
  }
  return false;
}

static bool send_answer(bh_connection *connection, uint32_t call, const char *code, const char *text,
                        const bh_writer *result) {
  uint8_t space[2 + 5 + 2 + 16 + BH_NAME_SPACE + 2048];
  bh_writer head = bh_writer_over(space, sizeof space);
  bh_write_array(&head, 4);
  bh_write_int(&head, 1);
  bh_write_int(&head, call);
  if (code) {
    bh_write_failure(&head, code, text);
    bh_write_nil(&head);
  } else bh_write_nil(&head);
  bool sent = bh_link_send(&connection->link, &head, result);
  if (bh_link_queued(&connection->link) > BH_MAX_QUEUE) connection->link.broken = true;
  return sent;
}

/* Makes the connection the channel's only one, for the client has said hello. */
static void open_connection(bh_component *component, bh_provider_end *end, bh_connection *connection,
                            const bh_message *message) {
  uint32_t incarnation;
  enum bh_hello hello = bh_read_hello(message, end->service->interface, &incarnation);
  if (hello != BH_HELLO_OK) {
    drop(component, end, connection,
         hello == BH_HELLO_MISMATCH ? mismatch : "its first frame is no hello");
    return;
  }
  connection->open = true;
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    bh_connection *other = &end->connections[i];
    if (other != connection && other->open) drop(component, end, other, NULL);
  }
}

static void handle(bh_component *component, uint32_t index, bh_connection *connection, const bh_message *message) {
  bh_provider_end *end = &component->providers[index];
  const bh_interface *interface = end->service->interface;
  const char *code = NULL, *why = NULL;
  if (connection->running >= BH_MAX_CALLS || end->handlers >= BH_MAX_HANDLERS) code = "IPC_OVERLOADED", why = "too many calls are being answered";
  else if (!has_operation(interface, message->name)) {
    code = "IPC_UNKNOWN_OPERATION", why = "the interface has no such operation";
  } else if (!is_allowed(end->operations, message->name)) {
    code = "IPC_NOT_GRANTED", why = "the manifest does not allow this operation";
  }
  if (code) {
    send_answer(connection, message->call, code, why, NULL);
    return;
  }
  connection->running++;
  end->handlers++;
  bh_request request = {index, connection->serial, message->call};
  end->service->on_call(component, request, &end->client, message->name, message->body);
}

/* A stream that the manifest does not allow is refused as a call is. */
static void hear_stream(bh_component *component, bh_provider_end *end, bh_connection *connection,
                        const bh_message *message) {
  bool fine;
  if (message->kind == 3) fine = bh_stream_serve(component, end, connection, message);
  else fine = bh_stream_hear(component, &end->streams, connection->serial, message);
  if (!fine) drop(component, end, connection, "an item without credit, or a stream that is open already");
  bh_streams_settle(component, &end->streams);
}

bh_link *bh_provider_link(bh_provider_end *end, uint32_t connection) {
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    bh_connection *one = &end->connections[i];
    if (one->open && one->serial == connection && !one->link.broken) return &one->link;
  }
  return NULL;
}

bool bh_provider_allows(const bh_provider_end *end, bh_text name) { return is_allowed(end->operations, name); }

static void serve_connection(bh_component *component, uint32_t index, bh_connection *connection, short events) {
  bh_provider_end *end = &component->providers[index];
  bh_link_flush(&connection->link);
  bool paused = bh_link_queued(&connection->link) > BH_PAUSE_BYTES;
  if (!paused || (events & (POLLHUP | POLLERR))) bh_link_fill(&connection->link);
  bool ended = connection->link.broken;
  connection->link.broken = false;
  uint32_t serial = connection->serial;
  size_t consumed = 0;
  bh_reader frame;
  while (connection->serial == serial && bh_link_next(&connection->link, &consumed, &frame)) {
    bh_message message;
    if (!bh_parse(frame, &message)) drop(component, end, connection, "a frame is no message");
    else if (!connection->open) open_connection(component, end, connection, &message);
    else if (message.kind >= 3) hear_stream(component, end, connection, &message);
    else if (message.kind != 0) drop(component, end, connection, "a client may not send answers and notifications");
    else handle(component, index, connection, &message);
  }
  if (connection->serial != serial) return;
  bh_link_drop(&connection->link, consumed);
  if (ended) drop(component, end, connection, NULL);
  else if (connection->link.broken) drop(component, end, connection, "a frame does not follow the protocol");
}

size_t bh_provider_watch(bh_component *component, bh_provider_end *end, struct pollfd *fds, uint64_t *wake_ms) {
  uint64_t now_ms = bh_now_ms();
  if (bh_streams_pending(component, &end->streams)) *wake_ms = now_ms;
  size_t count = 0;
  if (end->listener >= 0) fds[count++] = (struct pollfd){.fd = end->listener, .events = POLLIN};
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    bh_connection *connection = &end->connections[i];
    if (connection->link.fd < 0) continue;
    if (connection->link.broken) *wake_ms = now_ms;
    if (!connection->open && connection->hello_by_ms < *wake_ms) *wake_ms = connection->hello_by_ms;
    size_t queued = bh_link_queued(&connection->link);
    /* A pause that we made ourselves is not the client's half frame. */
    if (queued > BH_PAUSE_BYTES && connection->link.half_since_ms > 0) connection->link.half_since_ms = now_ms;
    bh_link_check(&connection->link, now_ms, wake_ms);
    short events = (queued > 0 ? POLLOUT : 0) | (queued > BH_PAUSE_BYTES ? 0 : POLLIN);
    fds[count++] = (struct pollfd){.fd = connection->link.fd, .events = events};
  }
  return count;
}

void bh_provider_serve(bh_component *component, uint32_t index, const struct pollfd *fds, size_t count) {
  bh_provider_end *end = &component->providers[index];
  uint64_t now_ms = bh_now_ms();
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    bh_connection *connection = &end->connections[i];
    for (size_t at = 0; at < count && connection->link.fd >= 0; at++) {
      if (fds[at].fd == connection->link.fd && fds[at].revents != 0) {
        serve_connection(component, index, connection, fds[at].revents);
        break;
      }
    }
    if (connection->link.fd < 0) continue;
    if (!connection->open && now_ms >= connection->hello_by_ms) drop(component, end, connection, "no hello in time");
    else if (connection->link.broken) drop(component, end, connection, "a frame does not end, or answers are not read");
  }
  bh_streams_settle(component, &end->streams);
  if (count > 0 && end->listener >= 0 && fds[0].fd == end->listener && fds[0].revents != 0) accept_one(component, end);
}

/* The connection whose call ends; NULL where it has gone meanwhile. */
static bh_connection *end_call(bh_component *component, bh_request request) {
  if (request.channel >= component->provider_count) return NULL;
  bh_provider_end *end = &component->providers[request.channel];
  if (end->handlers > 0) end->handlers--;
  for (int i = 0; i < BH_CONNECTIONS; i++) {
    bh_connection *connection = &end->connections[i];
    if (!connection->open || connection->serial != request.connection) continue;
    if (connection->running > 0) connection->running--;
    return connection;
  }
  return NULL;
}

bool bh_answer(bh_component *component, bh_request request, const bh_writer *result) {
  if (result->failed || !bh_is_message(result->bytes, result->length)) {
    return bh_refuse(component, request, "IPC_RESULT_INVALID", "the result is not one MessagePack value");
  }
  bh_connection *connection = end_call(component, request);
  if (!connection) return false;
  if (send_answer(connection, request.call, NULL, NULL, result)) return true;
  return send_answer(connection, request.call, "IPC_FRAME_TOO_LARGE", "the result does not fit a frame", NULL);
}

bool bh_refuse(bh_component *component, bh_request request, const char *code, const char *message) {
  bh_connection *connection = end_call(component, request);
  if (!connection) return false;
  return send_answer(connection, request.call, code, message, NULL);
}

bool bh_notify(bh_component *component, const char *service, const char *notification, const bh_writer *body) {
  bool reached = true;
  for (size_t index = 0; index < component->provider_count; index++) {
    bh_provider_end *end = &component->providers[index];
    if (strcmp(end->service->name, service) != 0) continue;
    for (int i = 0; i < BH_CONNECTIONS; i++) {
      bh_connection *connection = &end->connections[i];
      if (!connection->open) continue;
      bool slow = bh_link_queued(&connection->link) > BH_NOTIFY_BYTES;
      if (slow || !bh_send_notification(&connection->link, notification, body)) reached = false;
    }
  }
  return reached;
}
