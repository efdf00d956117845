/* Records over a port: what comes from sockets goes out, what comes in goes to sockets. Nothing is kept but one record each way. */
#define _GNU_SOURCE
#include "ports.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 8 };

void vm_port_open(vm_port *port, int fd, const char *path) {
  memset(port, 0, sizeof *port);
  port->fd = fd;
  port->listener = -1;
  port->exit_code = -1;
  strncpy(port->path, path, VM_PATH - 1);
  for (int i = 0; i < VM_SLOTS; i++) port->slots[i].fd = -1;
}

void vm_port_join(vm_port *port, int fd) { port->slots[0] = (vm_slot){.fd = fd, .used = true}; }

static struct sockaddr_un address_of(const vm_port *port) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, port->path, sizeof address.sun_path);
  return address;
}

bool vm_port_listen(vm_port *port) {
  struct sockaddr_un address = address_of(port);
  unlink(port->path);
  port->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* The mount is the permission, as everywhere: mode 0666. */
  mode_t before = umask(0111);
  bool bound = port->listener >= 0 && bind(port->listener, (struct sockaddr *)&address, sizeof address) == 0;
  umask(before);
  return bound && listen(port->listener, BACKLOG) == 0;
}

static void drop(vm_slot *slot) {
  if (slot->fd >= 0) close(slot->fd);
  slot->fd = -1;
}

/* The socket has gone: the other end is told. */
static void lose(vm_slot *slot) {
  drop(slot);
  if (!slot->said_close) slot->say_close = true;
}

static void settle(vm_slot *slot) {
  if (slot->said_close && slot->heard_close) *slot = (vm_slot){.fd = -1};
}

static void flush(vm_port *port) {
  while (port->out_start < port->out_length) {
    ssize_t sent = write(port->fd, port->out + port->out_start, port->out_length - port->out_start);
    if (sent > 0) port->out_start += (size_t)sent;
    else if (sent < 0 && errno == EINTR) continue;
    else {
      if (sent < 0 && errno != EAGAIN) port->ended = true;
      return;
    }
  }
  port->out_start = port->out_length = 0;
}

/* Content of `length` bytes lies behind the header's place already. Only where nothing waits. */
static void say(vm_port *port, enum vm_kind kind, int slot, size_t length) {
  port->out[0] = (uint8_t)kind;
  port->out[1] = (uint8_t)slot;
  port->out[2] = (uint8_t)(length >> 8);
  port->out[3] = (uint8_t)length;
  port->out_length = VM_HEADER + length;
  flush(port);
}

void vm_port_say_exit(vm_port *port, int code) {
  port->out[VM_HEADER] = (uint8_t)code;
  say(port, VM_EXIT, 0, 1);
}

static void connect_slot(vm_port *port, vm_slot *slot) {
  struct sockaddr_un address = address_of(port);
  slot->used = true;
  slot->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (slot->fd < 0 || connect(slot->fd, (struct sockaddr *)&address, sizeof address) != 0) lose(slot);
}

/* False: the socket takes no more for now. What is for a socket that has gone is gone with it. */
static bool deliver(vm_port *port, vm_slot *slot, size_t length) {
  while (slot->fd >= 0 && port->in_sent < length) {
    ssize_t sent = send(slot->fd, port->in + VM_HEADER + port->in_sent, length - port->in_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) port->in_sent += (size_t)sent;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    else if (errno != EINTR) lose(slot);
  }
  return true;
}

/* The record that lies in `in`, whole. False: it must wait. */
static bool take(vm_port *port, size_t length) {
  vm_slot *slot = &port->slots[port->in[1] % VM_SLOTS];
  if (port->in[1] >= VM_SLOTS) port->broken = "a record is of no slot";
  else if (port->in[0] == VM_DATA && slot->used) return deliver(port, slot, length);
  else if (port->in[0] == VM_OPEN && !slot->used && port->path[0]) connect_slot(port, slot);
  else if (port->in[0] == VM_CLOSE && slot->used && !slot->heard_close) {
    slot->heard_close = true;
    lose(slot);
    settle(slot);
  } else if (port->in[0] == VM_EXIT && length == 1) port->exit_code = port->in[VM_HEADER];
  else port->broken = "a record does not fit what was before it";
  return true;
}

/* The content's length of the record that has begun; 0 while its header is not whole. */
static size_t content_of(const vm_port *port) {
  return port->in_length < VM_HEADER ? 0 : (size_t)port->in[2] << 8 | port->in[3];
}

static bool is_whole(const vm_port *port) {
  return port->in_length >= VM_HEADER && port->in_length == VM_HEADER + content_of(port);
}

static void hear(vm_port *port) {
  while (!port->ended && !port->broken) {
    if (is_whole(port)) {
      if (!take(port, content_of(port))) return;
      port->in_length = port->in_sent = 0;
      continue;
    }
    size_t wanted = port->in_length < VM_HEADER ? VM_HEADER : VM_HEADER + content_of(port);
    if (wanted > sizeof port->in) {
      port->broken = "a record is too long";
      return;
    }
    ssize_t got = read(port->fd, port->in + port->in_length, wanted - port->in_length);
    if (got > 0) port->in_length += (size_t)got;
    else if (got < 0 && errno == EINTR) continue;
    else {
      if (got == 0 || errno != EAGAIN) port->ended = true;
      return;
    }
  }
}

/* One thing of a slot, for there is room for one. */
static void tell(vm_port *port, int index) {
  vm_slot *slot = &port->slots[index];
  if (slot->say_open) {
    slot->say_open = false;
    say(port, VM_OPEN, index, 0);
  } else if (slot->say_close) {
    slot->say_close = false;
    slot->said_close = true;
    say(port, VM_CLOSE, index, 0);
    settle(slot);
  } else if (slot->fd >= 0) {
    ssize_t got = recv(slot->fd, port->out + VM_HEADER, VM_CONTENT, MSG_DONTWAIT);
    if (got > 0) {
      port->heard = true;
      say(port, VM_DATA, index, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) lose(slot);
  }
}

static vm_slot *free_slot(vm_port *port) {
  for (int i = 0; i < VM_SLOTS; i++) {
    if (!port->slots[i].used) return &port->slots[i];
  }
  return NULL;
}

static void accept_one(vm_port *port) {
  vm_slot *slot = port->listener >= 0 ? free_slot(port) : NULL;
  int fd = slot ? accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
  if (fd >= 0) *slot = (vm_slot){.fd = fd, .used = true, .say_open = true};
}

void vm_port_serve(vm_port *port) {
  flush(port);
  hear(port);
  accept_one(port);
  for (int i = 0; i < VM_SLOTS; i++) {
    if (port->out_length == 0) tell(port, i);
  }
}

size_t vm_port_watch(vm_port *port, struct pollfd *fds) {
  size_t count = 0;
  bool idle = port->out_length == 0, waits = is_whole(port);
  for (int i = 0; i < VM_SLOTS; i++) {
    vm_slot *slot = &port->slots[i];
    bool blocked = waits && port->in[1] == i;
    /* Something is to be said already: do not wait at all for what waits for nobody. */
    bool due = idle && (slot->say_open || slot->say_close);
    short events = (short)((idle && slot->fd >= 0 ? POLLIN : 0) | (blocked ? POLLOUT : 0));
    if (due) fds[count++] = (struct pollfd){.fd = port->fd, .events = POLLOUT};
    else if (slot->fd >= 0 && events) fds[count++] = (struct pollfd){.fd = slot->fd, .events = events};
  }
  if (port->listener >= 0 && free_slot(port)) fds[count++] = (struct pollfd){.fd = port->listener, .events = POLLIN};
  short events = (short)((waits ? 0 : POLLIN) | (idle ? 0 : POLLOUT));
  if (events) fds[count++] = (struct pollfd){.fd = port->fd, .events = events};
  return count;
}
