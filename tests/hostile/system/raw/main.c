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
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL = 3, FIRST_OWN = 4, MOST_ARGUMENTS = 6, LINE = 65536 };

#define CALLS(X) \
  X(add_key) X(adjtimex) X(acct) X(bind) X(bpf) X(capset) X(chdir) X(chmod) X(chown) X(chroot) X(clock_adjtime) X(clock_settime) \
  X(clone) X(clone3) X(close) X(connect) X(delete_module) X(dup) X(execve) X(fanotify_init) X(fchdir) X(fchmod) X(finit_module) \
  X(fsetxattr) X(fsopen) X(getdents64) X(init_module) X(io_uring_setup) X(ioctl) X(kcmp) X(kexec_load) X(keyctl) X(kill) \
  X(lookup_dcookie) X(mbind) X(memfd_create) X(memfd_secret) X(migrate_pages) X(mkdirat) X(mknodat) X(mlock) X(mlockall) X(mmap) \
  X(mount) X(mount_setattr) X(move_mount) X(move_pages) X(name_to_handle_at) X(open_by_handle_at) X(open_tree) X(openat) \
  X(perf_event_open) X(personality) X(pidfd_getfd) X(pidfd_open) X(pidfd_send_signal) X(pivot_root) X(prctl) X(process_vm_readv) \
  X(process_vm_writev) X(ptrace) X(quotactl) X(read) X(readlinkat) X(reboot) X(request_key) X(sched_setaffinity) X(sched_setattr) \
  X(sched_setscheduler) X(seccomp) X(setdomainname) X(setfsuid) X(setgid) X(setgroups) X(sethostname) X(setns) X(setpriority) \
  X(setrlimit) X(setsockopt) X(settimeofday) X(setuid) X(setresuid) X(setxattr) X(socket) X(socketpair) X(swapoff) X(swapon) \
  X(symlinkat) X(syslog) X(umount2) X(unlinkat) X(unshare) X(userfaultfd) X(vhangup) X(write) X(ioprio_set) X(fork) X(linkat) \
  X(renameat2) X(truncate) X(shmget) X(msgget) X(semget) X(mq_open) X(landlock_create_ruleset) X(ioperm) X(iopl) X(getpid) \
  X(modify_ldt) X(prlimit64) X(process_madvise) X(pidfd_create_unknown) X(utimensat)

/* What only older tables have (asm-generic/unistd.h lacks them). */
#ifndef SYS_iopl
#define SYS_iopl -1
#define SYS_ioperm -1
#define SYS_modify_ldt -1
#define SYS_fork -1
#define SYS_chmod -1
#define SYS_chown -1
#endif
/* A number that no kernel has yet. */
#define SYS_pidfd_create_unknown 4000

static const struct { const char *name; long number; } calls[] = {
#define ENTRY(call) {#call, SYS_##call},
    CALLS(ENTRY)
};

static long number_of(const char *name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (strcmp(calls[i].name, name) == 0) return calls[i].number;
  }
  fprintf(stderr, "there is no call %s in the table\n", name);
  exit(3);
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Text and bytes stay where they are until the program ends: an attempt may have given them to the kernel. */
static long argument(const char *word, long last) {
  if (strcmp(word, "$") == 0) return last;
  if (strncmp(word, "s:", 2) == 0) return (long)strdup(word + 2);
  if (strncmp(word, "b:", 2) == 0) return (long)calloc(1, strtoul(word + 2, NULL, 0));
  if (strncmp(word, "x:", 2) == 0) {
    size_t length = strlen(word + 2) / 2;
    unsigned char *bytes = calloc(1, length + 1);
    for (size_t i = 0; i < length; i++) sscanf(word + 2 + 2 * i, "%2hhx", &bytes[i]);
    return (long)bytes;
  }
  return strtol(word, NULL, 0);
}

static long make_call(char *text, long last) {
  char *rest = NULL;
  const char *name = strtok_r(text, " ", &rest);
  if (!name) return -1;
  long given[MOST_ARGUMENTS] = {0};
  for (int i = 0; i < MOST_ARGUMENTS; i++) {
    const char *word = strtok_r(NULL, " ", &rest);
    if (!word) break;
    given[i] = argument(word, last);
  }
  errno = 0;
  long result = syscall(number_of(name), given[0], given[1], given[2], given[3], given[4], given[5]);
  int is_fork = strcmp(name, "fork") == 0 || strcmp(name, "clone") == 0 || strcmp(name, "clone3") == 0;
  if (is_fork && result == 0) _exit(0);
  return result;
}

/* Writes `name succeeded`, or the step, from 0, at which the kernel refused and its errno. */
static void attempt(char *steps, FILE *in, FILE *out) {
  char *rest = NULL;
  char *name = strtok_r(steps, "|", &rest);
  name[strcspn(name, " ")] = '\0';
  long last = 0;
  int index = 0;
  for (char *step; (step = strtok_r(NULL, "|", &rest)); index++) {
    last = make_call(step, last);
    if (last < 0) {
      fprintf(out, "%s refused %d %d\n", name, index, errno);
      break;
    }
  }
  if (last >= 0) fprintf(out, "%s succeeded %ld\n", name, last);
  for (int fd = FIRST_OWN; fd < 64; fd++) {
    if (fd != fileno(out) && fd != fileno(in)) close(fd);
  }
}

static void say(const char *kind) {
  unsigned char frame[64] = {0, 0, 0, (unsigned char)(4 + strlen(kind)), 0x93, 2, (unsigned char)(0xa0 | strlen(kind))};
  memcpy(frame + 7, kind, strlen(kind));
  frame[7 + strlen(kind)] = 0x80;
  if (write(CONTROL, frame, 8 + strlen(kind)) < 0) exit(2);
}

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
static int has_storm(void) {
  long long end = 0;
  FILE *file = fopen(storm_file, "re");
  if (!file) return 0;
  if (fscanf(file, "%lld", &end) != 1) end = 0;
  fclose(file);
  return now_ms() < end;
}

static void begin_storm(void) {
  FILE *file = fopen(storm_file, "we");
  if (file) {
    fprintf(file, "%lld", until);
    fclose(file);
  }
  abort();
}

static long bomb(const char *name, long milliseconds) {
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
  while (now_ms() < until) { poll(NULL, 0, 100); say("heartbeat"); }
  return count;
}

static size_t from_hex(const char *text, unsigned char *bytes, size_t most) {
  size_t length = strlen(text) / 2;
  if (length > most) length = most;
  for (size_t i = 0; i < length; i++) sscanf(text + 2 * i, "%2hhx", &bytes[i]);
  return length;
}

/* Writes `name closed hex` or `name open hex`. */
static void exchange(const char *name, const char *path, const char *text, long milliseconds, long frames, FILE *out) {
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
      say("heartbeat");
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

static void tell(const char *text, long times) {
  static unsigned char bytes[LINE];
  size_t length = from_hex(text, bytes, sizeof bytes);
  while (times-- > 0 && write(CONTROL, bytes, length) > 0) {}
}

/* Outside of a sandbox attempts succeed: each is in a process of its own, with mounts and a host name of its own. */
static int is_outside;

static void alone(char *steps, FILE *in, FILE *out) {
  if (!is_outside) {
    attempt(steps, in, out);
    return;
  }
  fflush(out);
  pid_t child = fork();
  if (child == 0) {
    int is_private = unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) == 0;
    is_private = is_private && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (!is_private || mount("none", "/tmp", "tmpfs", 0, NULL) != 0) _exit(4);
    attempt(steps, in, out);
    fflush(out);
    _exit(0);
  }
  waitpid(child, NULL, 0);
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
      alone(line + 4, in, out);
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
  say("ready");
  for (long long next = 0;;) {
    char heard[4096];
    struct pollfd control = {.fd = CONTROL, .events = POLLIN};
    if (poll(&control, 1, 20) > 0 && read(CONTROL, heard, sizeof heard) <= 0) return 2;
    if (memmem(heard, sizeof heard, "\xa4stop", 5)) return 0;
    memset(heard, 0, sizeof heard);
    if (now_ms() >= next) {
      say("heartbeat");
      next = now_ms() + 200;
    }
    obey("/tmp/ask", "/tmp/said");
  }
}
