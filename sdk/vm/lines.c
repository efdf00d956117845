/* Cuts what comes into lines and writes them to the log, which is standard output. */
#define _GNU_SOURCE
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STDOUT = 1, PIECE = 4096, ROUNDS = 16 };

static unsigned dropped;

static bool put(const char *line, size_t length) {
  struct pollfd out = {.fd = STDOUT, .events = POLLOUT};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) && write(STDOUT, line, length) == (ssize_t)length;
}

static void write_line(const char *line, size_t length) {
  char note[80];
  if (dropped > 0) {
    int noted = snprintf(note, sizeof note, "warn %u lines of the guest were dropped, nobody read them\n", dropped);
    if (put(note, (size_t)noted)) dropped = 0;
  }
  if (dropped > 0 || !put(line, length)) dropped++;
}

void vm_say(const char *format, ...) {
  char line[VM_LINE];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  size_t used = (size_t)length < sizeof line - 1 ? (size_t)length : sizeof line - 2;
  line[used++] = '\n';
  write_line(line, used);
}

static void add(vm_lines *lines, char byte) {
  if (byte == '\n') {
    if (lines->length > 0) {
      lines->line[lines->length++] = '\n';
      write_line(lines->line, lines->length);
    }
    lines->length = 0;
    lines->cut = false;
    return;
  }
  if (byte == '\r' || byte == 0 || lines->cut) return;
  if (lines->length == 0) {
    lines->length = strlen(lines->before);
    memcpy(lines->line, lines->before, lines->length);
  }
  lines->line[lines->length++] = byte;
  if (lines->length == VM_LINE - 1) lines->cut = true;
}

bool vm_lines_serve(vm_lines *lines) {
  char piece[PIECE];
  /* Not for ever: others want to be served, too. */
  for (int round = 0; round < ROUNDS; round++) {
    ssize_t got = read(lines->fd, piece, sizeof piece);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    for (ssize_t i = 0; i < got; i++) add(lines, piece[i]);
  }
  return true;
}
