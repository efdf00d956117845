/* System calls as they are told, of which none may succeed in a sandbox. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

enum { FIRST_OWN = 4, MOST_ARGUMENTS = 6 };

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
static void try_steps(char *steps, FILE *in, FILE *out) {
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

/* Outside of a sandbox attempts succeed: each is in a process of its own, with mounts and a host name of its own. */
void attempt(char *steps, FILE *in, FILE *out) {
  if (!is_outside) {
    try_steps(steps, in, out);
    return;
  }
  fflush(out);
  pid_t child = fork();
  if (child == 0) {
    int is_private = unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) == 0;
    is_private = is_private && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (!is_private || mount("none", "/tmp", "tmpfs", 0, NULL) != 0) _exit(4);
    try_steps(steps, in, out);
    fflush(out);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}
