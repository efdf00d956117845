/* Bombs: each uses up something that there is, for a time or until the kernel ends this program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "raw.h"

static long long until;

static void *spin(void *nothing) {
  for (volatile unsigned long turns = 0; now_ms() < until;) turns += 1;
  return nothing;
}

static void *sleep_on(void *nothing) {
  while (now_ms() < until) poll(NULL, 0, 50);
  return nothing;
}

static long threads(void *(*body)(void *), int most) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  long count = 0;
  pthread_t thread;
  while (count < most && pthread_create(&thread, &attributes, body, NULL) == 0) count++;
  return count;
}

static long bomb_descriptors(int (*make)(void)) {
  int made[4096];
  long count = 0;
  while (count < 4096 && (made[count] = make()) >= 0) count++;
  long result = count;
  while (count > 0) close(made[--count]);
  return result;
}

static int open_null(void) { return open("/dev/null", O_RDONLY); }
static int make_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static int make_inotify(void) { return inotify_init1(0); }

static long fill(const char *path) {
  static const char block[65536];
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  long total = 0;
  for (ssize_t written; total < (1L << 30) && (written = write(file, block, sizeof block)) > 0;) total += written;
  close(file);
  unlink(path);
  return total;
}

static long crowd(const char *directory, int most) {
  char path[256];
  long count = 0;
  for (; count < most; count++) {
    snprintf(path, sizeof path, "%s/%ld", directory, count);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    if (file < 0) break;
    close(file);
  }
  for (long i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%ld", directory, i);
    unlink(path);
  }
  return count;
}

/* Memory until the kernel ends this program. */
static long devour(void) {
  enum { PIECE = 1 << 20 };
  for (long count = 0;; count++) {
    char *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return count;
    memset(piece, 1, PIECE);
  }
}

static long flood(int fd, const char *bytes, size_t length) {
  long total = 0;
  while (now_ms() < until) {
    ssize_t written = write(fd, bytes, length);
    if (written > 0) total += written;
    else if (errno != EAGAIN) break;
  }
  return total;
}

static long knock(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  long count = 0;
  while (now_ms() < until) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) count++;
    if (fd >= 0) close(fd);
  }
  return count;
}

/* The caches and the kernel's own work: system calls without pause, on every thread. */
static void *enter(void *nothing) {
  while (now_ms() < until) {
    for (int i = 0; i < 1000; i++) syscall(SYS_getpid);
    int fd = open("/proc/self/maps", O_RDONLY);
    char text[4096];
    while (fd >= 0 && read(fd, text, sizeof text) > 0) {}
    close(fd);
  }
  return nothing;
}

static const char storm_file[] = "/data/storm";

/* Whether it is to crash at once: until the time in its storage, which outlives it. */
int has_storm(void) {
  long long end = 0;
  FILE *file = fopen(storm_file, "re");
  if (!file) return 0;
  if (fscanf(file, "%lld", &end) != 1) end = 0;
  fclose(file);
  return now_ms() < end;
}

/* In tenths of a millisecond, to die while it is being killed. */
static void end_after(long tenths) {
  struct timespec wait = {.tv_nsec = tenths * 100000};
  nanosleep(&wait, NULL);
  _exit(3);
}

static void begin_storm(void) {
  FILE *file = fopen(storm_file, "we");
  if (file) {
    fprintf(file, "%lld", until);
    fclose(file);
  }
  abort();
}

long bomb(const char *name, long milliseconds) {
  static char text[65536];
  until = now_ms() + milliseconds;
  if (strcmp(name, "descriptors") == 0) return bomb_descriptors(open_null);
  if (strcmp(name, "sockets") == 0) return bomb_descriptors(make_socket);
  if (strcmp(name, "inotify") == 0) return bomb_descriptors(make_inotify);
  if (strcmp(name, "disk") == 0) return fill("/tmp/hoard");
  if (strcmp(name, "channel-disk") == 0) return fill("/run/ipc/provides/caller.trap/hoard");
  if (strcmp(name, "channel-names") == 0) return crowd("/run/ipc/provides/caller.trap", 100000);
  if (strcmp(name, "memory") == 0) return devour();
  if (strcmp(name, "crash") == 0) abort();
  if (strcmp(name, "storm") == 0) begin_storm();
  if (strcmp(name, "end") == 0) end_after(milliseconds);
  if (strcmp(name, "stop-itself") == 0) return kill(getpid(), SIGSTOP);
  if (strcmp(name, "lines") == 0 || strcmp(name, "one-line") == 0 || strcmp(name, "bytes") == 0) {
    for (size_t i = 0; i < sizeof text; i++) text[i] = name[0] == 'b' ? (char)(0x80 + i % 128) : 'x';
    for (size_t i = 0; name[0] == 'l' && i < sizeof text; i += 2) text[i] = '\n';
    return flood(STDOUT_FILENO, text, sizeof text);
  }
  if (strcmp(name, "knocking") == 0) return knock("/run/ipc/uses/echo/socket");
  long count = 0;
  if (strcmp(name, "threads") == 0) count = threads(sleep_on, 100000);
  if (strcmp(name, "spinning") == 0) count = threads(spin, 100000);
  if (strcmp(name, "system-calls") == 0) count = threads(enter, 100000);
  while (now_ms() < until) { poll(NULL, 0, 100); notify("heartbeat"); }
  return count;
}
