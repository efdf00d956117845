/* The floor: two processes, one Unix stream socket, 64 bytes there and back; then so many in flight; then 64 KiB with an
 * acknowledgement of one byte, eight in flight. Prints one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { small = 64, large = 65536, calls = 40000, warm_up = 10000, transfers = 20000 };

static char buffer[64 * large];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void read_all(int fd, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t got = read(fd, buffer, count - done);
    if (got <= 0) _exit(0);
    done += (size_t)got;
  }
}

static void write_all(int fd, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t put = write(fd, buffer, count - done);
    if (put <= 0) exit(1);
    done += (size_t)put;
  }
}

/* One message after the other, a write for each, at most `window` not answered. */
static double rate(int fd, size_t size, size_t answer, int count, int window) {
  double start = now();
  int sent = 0, answered = 0;
  while (answered < count) {
    while (sent < count && sent - answered < window) {
      write_all(fd, size);
      sent++;
    }
    read_all(fd, answer);
    answered++;
  }
  return count / (now() - start) * 1e6;
}

static int start(size_t size, size_t answer) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) exit(1);
  if (fork() == 0) {
    close(ends[0]);
    for (;;) {
      read_all(ends[1], size);
      write_all(ends[1], answer);
    }
  }
  close(ends[1]);
  return ends[0];
}

int main(void) {
  static double times[calls];
  int fd = start(small, small);
  for (int i = 0; i < warm_up + calls; i++) {
    double begin = now();
    write_all(fd, small);
    read_all(fd, small);
    if (i >= warm_up) times[i - warm_up] = now() - begin;
  }
  qsort(times, calls, sizeof times[0], compare);
  printf("{\"p50\":%.3f,\"p99\":%.3f,\"min\":%.3f", times[calls / 2], times[calls / 100 * 99], times[0]);
  printf(",\"rate1\":%.0f,\"rate8\":%.0f,\"rate64\":%.0f", rate(fd, small, small, calls, 1), rate(fd, small, small, calls, 8),
         rate(fd, small, small, calls, 64));
  int bulk = start(large, 1);
  rate(bulk, large, 1, transfers / 4, 8);
  printf(",\"transfers\":%.0f}\n", rate(bulk, large, 1, transfers, 8));
  return 0;
}
