/*
 * A hostile component that knows nothing of the SDK: it makes the system calls that it is told, and bombs. What to do comes in
 * /tmp/ask, a line each, what came of it goes to /tmp/said. Outside of a sandbox, `main ASK SAID` does the same once: that is
 * how an attempt is shown to succeed where nothing refuses it.
 *
 *   try NAME | call argument… | call argument…     arguments: a number, s:text, x:bytes, b:size (zeroes), $ (the last result)
 *   say NAME path bytes milliseconds frames        sends the bytes to the socket; writes what it answers, until it closes
 *                                                  or has sent so many frames
 *   tell NAME bytes times                          sends the bytes to the root server
 *   bomb NAME milliseconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

int is_outside;

long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Null until the last line, a dot, is there. The file is emptied where it is: the host's root can write to it and make none. */
static FILE *open_whole(const char *path) {
  char end[2] = "";
  FILE *file = fopen(path, "r+e");
  if (file && fseek(file, -2, SEEK_END) == 0 && fread(end, 1, 2, file) == 2 && memcmp(end, ".\n", 2) == 0) {
    rewind(file);
    return file;
  }
  if (file) fclose(file);
  return NULL;
}

static void obey(const char *ask, const char *said) {
  static char line[3 * LINE];
  char path[256];
  FILE *in = is_outside ? fopen(ask, "re") : open_whole(ask);
  if (!in) return;
  snprintf(path, sizeof path, "%s.new", said);
  FILE *out = fopen(path, "we");
  while (fgets(line, sizeof line, in)) {
    line[strcspn(line, "\n")] = '\0';
    static char bytes[LINE];
    char name[64], place[256];
    long milliseconds, frames;
    if (line[0] == '#') {
      fprintf(out, "%s\n", line);
    } else if (strncmp(line, "try ", 4) == 0) {
      attempt(line + 4, in, out);
    } else if (sscanf(line, "say %63s %255s %65535s %ld %ld", name, place, bytes, &milliseconds, &frames) == 5) {
      exchange(name, place, bytes, milliseconds, frames, out);
    } else if (sscanf(line, "tell %63s %65535s %ld", name, bytes, &milliseconds) == 3) {
      tell(bytes, milliseconds);
    } else if (sscanf(line, "bomb %63s %ld", name, &milliseconds) == 2) {
      errno = 0;
      long result = bomb(name, milliseconds);
      fprintf(out, "%s %ld %d\n", name, result, errno);
    }
  }
  if (!is_outside && ftruncate(fileno(in), 0) < 0) exit(2);
  fclose(in);
  fclose(out);
  rename(path, said);
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  if (count == 3) {
    is_outside = 1;
    obey(words[1], words[2]);
    return 0;
  }
  umask(0);
  close(open("/tmp/ask", O_WRONLY | O_CREAT, 0666));
  if (has_storm()) abort();
  notify("ready");
  for (long long next = 0;;) {
    char heard[4096];
    struct pollfd control = {.fd = CONTROL, .events = POLLIN};
    if (poll(&control, 1, 20) > 0 && read(CONTROL, heard, sizeof heard) <= 0) return 2;
    if (memmem(heard, sizeof heard, "\xa4stop", 5)) return 0;
    memset(heard, 0, sizeof heard);
    if (now_ms() >= next) {
      notify("heartbeat");
      next = now_ms() + 200;
    }
    obey("/tmp/ask", "/tmp/said");
  }
}
