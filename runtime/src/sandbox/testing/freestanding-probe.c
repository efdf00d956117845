/*
 * For freestanding.spec.ts: a static program that says what it sees, or which system calls it is refused. It speaks to nobody:
 * standard output is all that it has.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void list(const char *directory, int depth) {
  DIR *found = opendir(directory);
  if (!found) return;
  for (struct dirent *entry; (entry = readdir(found));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, entry->d_name);
    printf("sees %s\n", path);
    if (entry->d_type == DT_DIR && depth < 6) list(path, depth + 1);
  }
  closedir(found);
}

static void attempt(const char *name, long number, long a, long b, long c) {
  errno = 0;
  long answer = syscall(number, a, b, c, 0L, 0L, 0L);
  printf("call %s %s\n", name, answer >= 0 ? "allowed" : errno == EPERM ? "refused" : errno == ENOSYS ? "unknown" : "passed");
}

#define TRY(name, a, b, c) attempt(#name, SYS_##name, (long)(a), (long)(b), (long)(c))

/* With arguments that do nothing where the kernel lets them through; `passed` is an error of the kernel's own. */
static void calls(void) {
  char space[64];
  TRY(openat, -100, "/", 0);
  TRY(openat2, -100, "/", 0);
  TRY(getdents64, 1, space, sizeof space);
  TRY(mkdirat, -100, "/tmp/x", 0700);
  TRY(renameat2, -100, "/x", -100);
  TRY(symlinkat, "/x", -100, "/y");
  TRY(chdir, "/", 0, 0);
  TRY(memfd_create, "x", 0, 0);
  TRY(inotify_init1, 0, 0, 0);
  TRY(clone, 0, 0, 0);
  TRY(clone3, 0, 0, 0);
  TRY(unshare, 0, 0, 0);
  TRY(setns, 1, 0, 0);
  TRY(kill, getpid(), 0, 0);
  TRY(ptrace, 0, 0, 0);
  TRY(prctl, 4, 0, 0);
  TRY(seccomp, 0, 0, 0);
  TRY(bpf, 0, 0, 0);
  TRY(io_uring_setup, 0, 0, 0);
  TRY(keyctl, 0, 0, 0);
  TRY(mount, 0, 0, 0);
  TRY(setuid, 1, 0, 0);
  TRY(sched_setaffinity, 0, 0, 0);
  TRY(sched_setscheduler, 0, 0, 0);
  TRY(pidfd_open, getpid(), 0, 0);
  TRY(process_vm_readv, getpid(), 0, 0);
  TRY(userfaultfd, 0, 0, 0);
  TRY(perf_event_open, 0, 0, 0);
  TRY(epoll_create1, 0, 0, 0);
  TRY(pipe2, space, 0, 0);
  TRY(dup, 1, 0, 0);
  TRY(ioctl, 1, 0, 0);
  TRY(fcntl, 1, 3, 0);
  TRY(sendmsg, 1, 0, 0);
  TRY(recvmsg, 1, 0, 0);
  TRY(socketpair, AF_UNIX, SOCK_STREAM, 0);
  attempt("socket-inet", SYS_socket, AF_INET, SOCK_STREAM, 0);
  attempt("socket-inet6", SYS_socket, AF_INET6, SOCK_STREAM, 0);
  attempt("socket-netlink", SYS_socket, AF_NETLINK, SOCK_RAW, 0);
  attempt("socket-packet", SYS_socket, AF_PACKET, SOCK_RAW, 0);
  attempt("socket-unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  TRY(getpid, 0, 0, 0);
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "calls") == 0) calls();
  else list("/", 0);
  printf("done\n");
  fflush(stdout);
  return 0;
}
