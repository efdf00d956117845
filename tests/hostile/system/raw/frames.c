/* Bytes as they are told, on a channel and to the root server. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "raw.h"

void notify(const char *kind) {
  unsigned char frame[64] = {0, 0, 0, (unsigned char)(4 + strlen(kind)), 0x93, 2, (unsigned char)(0xa0 | strlen(kind))};
  memcpy(frame + 7, kind, strlen(kind));
  frame[7 + strlen(kind)] = 0x80;
  if (write(CONTROL, frame, 8 + strlen(kind)) < 0) exit(2);
}

static size_t from_hex(const char *text, unsigned char *bytes, size_t most) {
  size_t length = strlen(text) / 2;
  if (length > most) length = most;
  for (size_t i = 0; i < length; i++) sscanf(text + 2 * i, "%2hhx", &bytes[i]);
  return length;
}

/* Writes `name closed hex` or `name open hex`. */
void exchange(const char *name, const char *path, const char *text, long milliseconds, long frames, FILE *out) {
  static unsigned char bytes[LINE];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    fprintf(out, "%s unreachable %d\n", name, errno);
    close(fd);
    return;
  }
  size_t length = from_hex(text, bytes, sizeof bytes);
  ssize_t written = write(fd, bytes, length);
  (void)written; /* A peer that has closed is told by what is read. */
  static char heard[2 * LINE];
  heard[0] = '\0';
  size_t filled = 0, offset = 0;
  int is_closed = 0;
  for (long long end = now_ms() + milliseconds, beat = 0; now_ms() < end && !is_closed && frames > 0;) {
    if (now_ms() >= beat) {
      notify("heartbeat");
      beat = now_ms() + 200;
    }
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, 20) <= 0) continue;
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got <= 0) is_closed = 1;
    for (ssize_t i = 0; i < got && filled + 2 < sizeof heard; i++, filled += 2) sprintf(heard + filled, "%02x", bytes[i]);
    /* Two digits a byte, and four bytes of length before each frame. */
    for (unsigned size; frames > 0 && offset + 8 <= filled && sscanf(heard + offset, "%8x", &size) == 1; frames--) {
      if (offset + 8 + 2 * (size_t)size > filled) break;
      offset += 8 + 2 * (size_t)size;
    }
  }
  close(fd);
  fprintf(out, "%s %s %s\n", name, is_closed ? "closed" : "open", heard);
}

void tell(const char *text, long times) {
  static unsigned char bytes[LINE];
  size_t length = from_hex(text, bytes, sizeof bytes);
  while (times-- > 0 && write(CONTROL, bytes, length) > 0) {}
}
