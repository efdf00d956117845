/*
 * The first program of a `vm` component's sandbox: starts the virtual machine with a port for each channel that it finds in
 * /run/ipc, and carries bytes between ports and sockets. Reads nothing of what is said; believes nothing of what a port brings but
 * the lengths that it checks. Ends as the guest's program ends, or when the machine, or the root server, has gone.
 *
 *   bridge <kernel command line> <qemu> <arguments of qemu…>
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lines.h"
#include "ports.h"

/* virtio-serial has 31 ports; one is reserved for a console, two are ours. */
enum { CONTROL_FD = 3, MAX_CHANNELS = 28, MAX_PORTS = 1 + MAX_CHANNELS, MAX_ARGUMENTS = 256, TEXT = 256, ENDED_BY_SIGNAL = 128, LAST_WORD_MS = 1000 };

static vm_port ports[MAX_PORTS]; /* The first is the control channel's. */
static size_t port_count = 1;
static vm_lines console_lines = {.before = "warn guest: "}, log_lines = {.before = ""};
static pid_t machine;
static char *arguments[MAX_ARGUMENTS];
static size_t argument_count;
static int inherited[MAX_PORTS + 2];
static size_t inherited_count;

/* Ends with what the guest said last, and takes the machine along. */
static _Noreturn void end(int code) {
  vm_lines_serve(&log_lines);
  vm_lines_serve(&console_lines);
  if (machine > 0) kill(machine, SIGKILL);
  _exit(code);
}

static _Noreturn void give_up(const char *why, const char *what) {
  vm_say("error the bridge of the virtual machine gives up: %s %s", why, what);
  end(1);
}

static void argument(const char *format, const char *text, int number) {
  char *made;
  if (argument_count + 1 == MAX_ARGUMENTS || asprintf(&made, format, text, number) < 0) give_up("no room for", format);
  arguments[argument_count++] = made;
}

/* One end for us; the other becomes a character device of the machine, named after its descriptor. */
static int character_device(const char *device, const char *format, const char *name) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) give_up("no socket for", name);
  argument("-chardev%s", "", 0);
  argument("socket,id=c%2$d%1$s,fd=%2$d", "", pair[1]);
  argument(device, "", 0);
  argument(format, name, pair[1]);
  inherited[inherited_count++] = pair[1];
  return pair[0];
}

static const char port_device[] = "virtserialport,chardev=c%2$d,name=%1$s";

static int by_name(const void *a, const void *b) { return strcmp(((const vm_port *)a)->path, ((const vm_port *)b)->path); }

/* A port for each directory in `parent`, which holds the socket of one channel. */
static void find_channels(const char *parent) {
  size_t first = port_count;
  char path[TEXT];
  snprintf(path, sizeof path, "/run/ipc/%s", parent);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    if (entry->d_name[0] == '.') continue;
    int length = snprintf(path, sizeof path, "/run/ipc/%s/%s/socket", parent, entry->d_name);
    if (port_count == MAX_PORTS) give_up("a guest has no more channels than 28, and not", entry->d_name);
    if (length < 0 || length >= VM_PATH) give_up("a channel's name is too long:", entry->d_name);
    vm_port_open(&ports[port_count++], -1, path);
  }
  if (directory) closedir(directory);
  qsort(ports + first, port_count - first, sizeof *ports, by_name);
  for (size_t i = first; i < port_count; i++) {
    char name[VM_PATH];
    /* Without "/run/ipc/" and "/socket". */
    snprintf(name, sizeof name, "%.*s", (int)(strlen(ports[i].path) - 9 - 7), ports[i].path + 9);
    ports[i].fd = character_device("-device%s", port_device, name);
  }
}

static void start_machine(void) {
  arguments[argument_count] = NULL;
  pid_t self = getpid();
  machine = fork();
  if (machine < 0) give_up("no process for", arguments[0]);
  if (machine > 0) {
    for (size_t i = 0; i < inherited_count; i++) close(inherited[i]);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != self) _exit(1);
  for (size_t i = 0; i < inherited_count; i++) fcntl(inherited[i], F_SETFD, 0);
  execv(arguments[0], arguments);
  vm_say("error %s cannot be executed: %s", arguments[0], strerror(errno));
  _exit(1);
}

/* Its ports are closed: it is ending, and by what it ended is known in a moment. */
static _Noreturn void machine_ended(void) {
  int status = 0;
  pid_t found = 0;
  for (int waited = 0; waited < LAST_WORD_MS && found == 0; waited++) {
    found = waitpid(machine, &status, WNOHANG);
    if (found == 0) usleep(1000);
  }
  if (found == 0) {
    kill(machine, SIGKILL);
    found = waitpid(machine, &status, 0);
  }
  machine = 0;
  if (found > 0 && WIFSIGNALED(status)) {
    vm_say("error the virtual machine was ended by signal %d", WTERMSIG(status));
    end(ENDED_BY_SIGNAL + WTERMSIG(status));
  }
  vm_say("error the guest has ended and its program had not; what its kernel said last stands above");
  end(1);
}

/* What is provided is listened to once the root server has spoken. */
static void listen_to_clients(void) {
  for (size_t i = 1; i < port_count; i++) {
    bool provided = strncmp(ports[i].path, "/run/ipc/provides/", 18) == 0;
    if (provided && !vm_port_listen(&ports[i])) give_up("cannot listen at", ports[i].path);
  }
}

static void check(const vm_port *port) {
  if (port->broken) give_up("the guest's end of a channel cannot be believed:", port->broken);
  if (port->exit_code >= 0) end(port->exit_code);
  if (port->ended) machine_ended();
}

static void run(void) {
  bool listening = false;
  for (;;) {
    struct pollfd fds[2 + MAX_PORTS * VM_WATCHED];
    size_t used = 2;
    fds[0] = (struct pollfd){.fd = console_lines.fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = log_lines.fd, .events = POLLIN};
    for (size_t i = 0; i < port_count; i++) used += vm_port_watch(&ports[i], fds + used);
    if (poll(fds, used, -1) < 0 && errno != EINTR) give_up("poll failed:", strerror(errno));
    if (!vm_lines_serve(&log_lines) || !vm_lines_serve(&console_lines)) machine_ended();
    for (size_t i = 0; i < port_count; i++) {
      vm_port_serve(&ports[i]);
      check(&ports[i]);
    }
    if (ports[0].slots[0].fd < 0 && !ports[0].slots[0].heard_close) give_up("the root server", "has gone");
    if (ports[0].heard && !listening) {
      listening = true;
      listen_to_clients();
    }
  }
}

int main(int count, char **given) {
  if (count < 3) return 2;
  signal(SIGPIPE, SIG_IGN);
  fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
  for (int i = 2; i < count; i++) argument("%s", given[i], 0);
  argument("-device%s", "", 0);
  argument("virtio-serial-pci%s", "", 0);
  console_lines.fd = character_device("-serial%s", "chardev:c%2$d%1$s", "");
  vm_port_open(&ports[0], -1, "");
  ports[0].fd = character_device("-device%s", port_device, VM_CONTROL);
  vm_port_join(&ports[0], CONTROL_FD);
  log_lines.fd = character_device("-device%s", port_device, VM_LOG);
  find_channels("uses");
  find_channels("provides");
  argument("-append%s", "", 0);
  argument("%s " VM_COUNT "=%d", given[1], (int)port_count + 1);
  start_machine();
  run();
}
