/*
 * Channels over the ports of a virtual machine. A port is one stream of bytes; the connections of its channel share it, in records: kind,
 * slot, length (two bytes, big endian), content. The same code is at both ends: outside in bridge.c, in the guest in init.c.
 *
 * Who hears of a new connection says OPEN with a free slot; the other end connects. A slot is free again when both have said
 * CLOSE, so nothing of an old connection can be taken for one of the next.
 */
#ifndef BULKHEAD_VM_PORTS_H
#define BULKHEAD_VM_PORTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four connections are what a provider takes; some may be closing. */
enum { VM_SLOTS = 8, VM_HEADER = 4, VM_CONTENT = 16 * 1024, VM_PATH = 108 };
enum vm_kind { VM_OPEN = 'o', VM_DATA = 'd', VM_CLOSE = 'c', VM_EXIT = 'x' };

/* Ports with a name of their own; the others have that of their channel's directory: uses/next, provides/first.next. */
#define VM_CONTROL "control"
#define VM_LOG "log"
/* What the guest finds in its environment: how many ports there are. */
#define VM_COUNT "bulkhead_ports"

typedef struct {
  int fd; /* -1: none */
  bool used, say_open, say_close, said_close, heard_close;
} vm_slot;

typedef struct {
  int fd;
  int listener; /* -1: this end connects */
  char path[VM_PATH];
  vm_slot slots[VM_SLOTS];
  uint8_t in[VM_HEADER + VM_CONTENT], out[VM_HEADER + VM_CONTENT];
  size_t in_length, in_sent, out_start, out_length;
  bool heard;     /* a connection has brought something */
  bool ended;     /* the other end has gone */
  int exit_code;  /* -1: none was said */
  const char *broken; /* why nothing more can be believed */
} vm_port;

enum { VM_WATCHED = 2 + VM_SLOTS };

void vm_port_open(vm_port *port, int fd, const char *path);
/* A connection that is there from the beginning, at both ends. */
void vm_port_join(vm_port *port, int fd);
/* Makes the socket at the port's path, open to all who see it. False: errno says why. */
bool vm_port_listen(vm_port *port);
/* Fills in what to wait for, at most VM_WATCHED. */
size_t vm_port_watch(vm_port *port, struct pollfd *fds);
/* Does all that can be done without waiting. */
void vm_port_serve(vm_port *port);
/* The last record of a port: the program has ended. */
void vm_port_say_exit(vm_port *port, int code);

#endif
