/*
 * The guest's first process. Makes /run/ipc and descriptor 3 as a sandbox has them, of the ports of the machine; starts /main, which is a
 * component like any other and knows nothing of this; carries bytes; says outside how it ended.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports.h"

enum { CONTROL_FD = 3, MAX_PORTS = 32, TEXT = 256, PORTS_APPEAR_MS = 20000, STEP_MS = 2, LAST_WORD_MS = 500, ENDED_BY_SIGNAL = 128 };

static vm_port ports[MAX_PORTS]; /* The first is the control channel's. */
static size_t port_count = 1;
static int log_fd = -1;

/* To the console, which the bridge writes to the log; then the machine ends. */
static _Noreturn void give_up(const char *why, const char *what) {
  fprintf(stderr, "init: %s %s: %s\n", why, what, strerror(errno));
  fflush(stderr);
  sync();
  reboot(RB_AUTOBOOT);
  _exit(1);
}

static void mount_at(const char *kind, const char *place, const char *options) {
  mkdir(place, 0755);
  if (mount(kind, place, kind, MS_NOSUID, options) != 0) give_up("cannot mount", place);
}

static void make_parents(const char *path) {
  char parent[VM_PATH];
  for (size_t i = 1; path[i] && i < sizeof parent; i++) {
    if (path[i] != '/') continue;
    memcpy(parent, path, i);
    parent[i] = 0;
    mkdir(parent, 0755);
  }
}

/* `uses/next`: the program connects to us. `provides/first.next`: we connect to the program. */
static void open_channel(const char *name, int fd) {
  char path[VM_PATH];
  int length = snprintf(path, sizeof path, "/run/ipc/%s/socket", name);
  if (length < 0 || (size_t)length >= sizeof path || port_count == MAX_PORTS) give_up("no room for", name);
  make_parents(path);
  vm_port *port = &ports[port_count++];
  vm_port_open(port, fd, path);
  if (strncmp(name, "uses/", 5) == 0 && !vm_port_listen(port)) give_up("cannot listen at", path);
}

static bool read_name(const char *device, char *name, size_t space) {
  char path[2 * TEXT];
  snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", device);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, name, space - 1);
  if (fd >= 0) close(fd);
  if (length <= 1) return false;
  name[length - 1] = 0; /* a line */
  return true;
}

/* How many ports have said their names; `act`: and opens them. */
static int find_ports(bool act) {
  int found = 0;
  DIR *directory = opendir("/sys/class/virtio-ports");
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    char name[VM_PATH], path[TEXT + 8];
    if (entry->d_name[0] == '.' || !read_name(entry->d_name, name, sizeof name)) continue;
    found++;
    if (!act) continue;
    bool is_log = strcmp(name, VM_LOG) == 0;
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    int fd = open(path, O_RDWR | O_CLOEXEC | (is_log ? 0 : O_NONBLOCK));
    if (fd < 0) give_up("cannot open", path);
    if (is_log) log_fd = fd;
    else if (strcmp(name, VM_CONTROL) == 0) vm_port_open(&ports[0], fd, "");
    else open_channel(name, fd);
  }
  if (directory) closedir(directory);
  return found;
}

static void await_ports(void) {
  const char *count = getenv(VM_COUNT);
  int expected = count ? atoi(count) : 2;
  for (int waited = 0; find_ports(false) < expected; waited += STEP_MS) {
    if (waited > PORTS_APPEAR_MS) give_up("the machine has not all its ports:", count ? count : "2");
    usleep(STEP_MS * 1000);
  }
  ports[0].fd = -1;
  find_ports(true);
  if (ports[0].fd < 0 || log_fd < 0) give_up("the machine lacks", "its control channel or its log");
}

static pid_t start_program(int control, const sigset_t *before) {
  pid_t program = fork();
  if (program < 0) give_up("cannot start", "/main");
  if (program > 0) return program;
  sigprocmask(SIG_SETMASK, before, NULL);
  signal(SIGPIPE, SIG_DFL);
  setsid();
  int nothing = open("/dev/null", O_RDONLY);
  char *arguments[] = {"/main", NULL}, *environment[] = {"HOME=/tmp", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};
  if (nothing >= 0 && dup2(nothing, 0) == 0 && dup2(log_fd, 1) == 1 && dup2(log_fd, 2) == 2 &&
      dup2(control, CONTROL_FD) == CONTROL_FD) {
    execve(arguments[0], arguments, environment);
  }
  dprintf(log_fd, "error /main cannot be executed: %s\n", strerror(errno));
  _exit(127);
}

/* True where nothing of the program waits any more: it has gone, so its sockets end. */
static bool is_settled(void) {
  for (size_t i = 0; i < port_count; i++) {
    if (ports[i].out_length > 0) return false;
    for (int slot = 0; slot < VM_SLOTS; slot++) {
      if (ports[i].slots[slot].fd >= 0 || ports[i].slots[slot].say_close) return false;
    }
  }
  return true;
}

/* Waits for the next thing that happens, at most `bound_ms`, and carries. */
static void turn(int signals, int bound_ms) {
  struct pollfd fds[1 + MAX_PORTS * VM_WATCHED];
  size_t used = 1;
  fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
  for (size_t i = 0; i < port_count; i++) used += vm_port_watch(&ports[i], fds + used);
  poll(fds, used, bound_ms);
  for (size_t i = 0; i < port_count; i++) {
    vm_port_serve(&ports[i]);
    if (ports[i].broken) give_up("the bridge's end of a channel cannot be believed:", ports[i].broken);
  }
}

/* What it said last goes first, where somebody takes it. */
static _Noreturn void program_ended(int status) {
  for (int step = 0; step < LAST_WORD_MS / STEP_MS && !is_settled(); step++) turn(-1, STEP_MS);
  while (ports[0].out_length > 0) turn(-1, -1);
  vm_port_say_exit(&ports[0], WIFSIGNALED(status) ? ENDED_BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
  /* The bridge ends the machine. */
  for (;;) turn(-1, -1);
}

static void reap(int signals, pid_t program) {
  struct signalfd_siginfo information;
  while (read(signals, &information, sizeof information) > 0) continue;
  int status;
  for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended == program) program_ended(status);
  }
}

int main(void) {
  sigset_t child, before;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &before);
  signal(SIGPIPE, SIG_IGN);
  mount_at("devtmpfs", "/dev", "mode=0755");
  int console = open("/dev/console", O_WRONLY | O_NOCTTY);
  if (console >= 0) dup2(console, 2);
  mount_at("proc", "/proc", "");
  mount_at("sysfs", "/sys", "");
  mkdir("/tmp", 01777);
  await_ports();
  int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("no socket for", "the control channel");
  vm_port_join(&ports[0], pair[0]);
  pid_t program = start_program(pair[1], &before);
  close(pair[1]);
  for (;;) {
    turn(signals, -1);
    reap(signals, program);
  }
}
