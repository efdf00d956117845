/* Lines of the guest for the component's log: whole ones, bounded, dropped and counted where nobody reads. */
#ifndef BULKHEAD_VM_LINES_H
#define BULKHEAD_VM_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A pipe that is ready takes this much at once (PIPE_BUF). */
enum { VM_LINE = 4096 };

typedef struct {
  int fd;
  const char *before;
  char line[VM_LINE];
  size_t length;
  bool cut; /* the rest of an overlong line is left out */
} vm_lines;

/* Takes what has come. False: the other end has gone. */
bool vm_lines_serve(vm_lines *lines);
/* One line of our own. */
void vm_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
