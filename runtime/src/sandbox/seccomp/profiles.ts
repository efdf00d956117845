/**
 * Which system calls a sandboxed process may make, as data. What is not named is answered with EPERM.
 *
 * The names are the kernel's; a name that an architecture does not have is skipped there. The list is what Node 20-26
 * makes while it exercises files, sockets, timers, threads and WebAssembly, and what bubblewrap's own pid 1 needs
 * (`wait4`, `write`, `execve`: it loads the filter before it starts the component).
 */

/**
 * `component`: one process, no children. `net-admin`: the network server, which runs `ip`, `wg`, `nft`, `wireguard-go`.
 * `beam`: the Erlang VM, which starts a helper process of its own and does not run without.
 * `serial`: as `component`, and it may set terminals: the drivers of serial ports.
 * `gpio`, `i2c`, `spi`, `rtc`, `watchdog`: of all requests to devices those of their class, and what asks about any descriptor.
 * `can`: sockets of CAN, and what asks for an interface's number; `attributes` (pwm, adc, leds): no request at all.
 * `agent`: as `component`, and of all requests to devices those that Node makes of any descriptor: it reads partitions.
 * `vm`: an emulator and the process that bridges its ports to the channels.
 * `vm-kvm`: the same by the kernel's KVM: of all requests to devices it may make KVM's, and two that ask about any descriptor.
 * `asker`: a component in the board's network, where Unix sockets of the base system have names that anybody there can reach.
 * `freestanding`: one static program that has its channels and nothing else: no files, no threads, no other sockets.
 * `freestanding-leased`: the same with shared memory at a channel, which is a file that it opens, reads and writes.
 */
export type Profile =
  | "component"
  | "agent"
  | "asker"
  | "net-admin"
  | "freestanding"
  | "freestanding-leased"
  | "beam"
  | "vm"
  | "vm-kvm"
  | "serial"
  | DriverProfile;

/** A driver has no network, so none but local sockets. */
const driverProfiles = ["gpio", "i2c", "spi", "rtc", "watchdog", "can", "attributes"] as const;
type DriverProfile = (typeof driverProfiles)[number];
const isDriver = (profile: Profile): profile is DriverProfile =>
  (driverProfiles as readonly string[]).includes(profile);

export function isFreestanding(profile: Profile): profile is "freestanding" | "freestanding-leased" {
  return profile === "freestanding" || profile === "freestanding-leased";
}

/**
 * What a call's argument must look like; `argument` counts from 0, only its low 32 bits are looked at. `kinds`: values of bits 8 to 15,
 * by which a request of ioctl(2) says whose it is (asm-generic/ioctl.h); they count as values do.
 */
export type Rule =
  | { kind: "errno"; errno: number }
  | { kind: "one-of"; argument: number; values: readonly number[]; kinds?: readonly number[] }
  | { kind: "none-of"; argument: number; values: readonly number[]; kinds?: readonly number[] }
  | { kind: "bits"; argument: number; required: number; forbidden: number };

export const EPERM = 1;
export const ENOSYS = 38;

/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET (linux/sched.h). */
export const cloneNamespaceFlags = 0x7e020000;
export const cloneThreadFlag = 0x00010000;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_CAN = 29;

/** Both write into the input queue of a terminal, which may be somebody else's (asm-generic/ioctls.h, linux/tiocl.h). */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** To become somebody's controlling terminal, to take the kernel's messages, to load a line discipline. */
const TIOCSCTTY = 0x540e;
const TIOCCONS = 0x541d;
const TIOCSETD = 0x5423;
const neverOnTerminals = [TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCCONS, TIOCSETD];

/**
 * What sets a terminal, or holds up who uses it (asm-generic/ioctls.h; TCSETS2 and after are of another form). Reading the
 * settings stays allowed: that is how isatty(3) asks, at every start of Node.
 */
const settingTerminals = [
  ...[0x5402, 0x5403, 0x5404, 0x5406, 0x5407, 0x5408, 0x5409, 0x540a, 0x540b], // TCSETS … TCSETAF, TCSBRK, TCXONC, TCFLSH
  ...[0x540c, 0x540d, 0x5410, 0x5414, 0x5416, 0x5417, 0x5418], // TIOCEXCL, TIOCNXCL, TIOCSPGRP, TIOCSWINSZ, TIOCMBIS … TIOCMSET
  ...[0x541f, 0x5425, 0x5427, 0x5428], // TIOCSSERIAL, TCSBRKP, TIOCSBRK, TIOCCBRK
  ...[0x402c542b, 0x402c542c, 0x402c542d], // TCSETS2, TCSETSW2, TCSETSF2
];

/** KVMIO (linux/kvm.h). */
const kvmRequests = 0xae;
/** TCGETS, by which isatty(3) asks, and FIONBIO. */
const askingRequests = [0x5401, 0x5421];
/** The same by a newer C library (TCGETS2), TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX: what Node asks of any descriptor. */
const nodesRequests = [...askingRequests, 0x802c542a, 0x5413, 0x541b, 0x5450, 0x5451];

/**
 * Requests of the drivers' classes, by number or by kind. Of an I2C bus (linux/i2c-dev.h) those that a transfer takes: not I2C_SLAVE_FORCE, which
 * reaches chips that a driver of the kernel has, nor what sets the bus for everybody (retries, time-out).
 */
const classRequests: Readonly<Record<DriverProfile, { values?: readonly number[]; kinds?: readonly number[] }>> = {
  gpio: { kinds: [0xb4] }, // linux/gpio.h
  i2c: { values: [0x0703, 0x0705, 0x0707, 0x0708, 0x0720] }, // I2C_SLAVE, I2C_FUNCS, I2C_RDWR, I2C_PEC, I2C_SMBUS
  spi: { kinds: [0x6b] }, // linux/spi/spidev.h: 'k'
  rtc: { kinds: [0x70] }, // linux/rtc.h: 'p'
  watchdog: { kinds: [0x57] }, // linux/watchdog.h: 'W'
  // SIOCGSTAMP in both its forms, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFINDEX
  can: { values: [0x8906, 0x80108906, 0x8910, 0x8913, 0x8921, 0x8933] },
  attributes: {},
};

const memory = `brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock munlock membarrier
  pkey_alloc pkey_free pkey_mprotect`;

const files = `read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close
  close_range dup dup2 dup3 lseek _llseek fcntl fcntl64 flock stat lstat fstat stat64 lstat64 fstat64 newfstatat
  fstatat64 statx statfs fstatfs statfs64 fstatfs64 access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir
  mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod fchmod fchmodat
  chown lchown fchown fchownat chown32 lchown32 fchown32 utime utimes futimesat utimensat utimensat_time64 truncate
  ftruncate truncate64 ftruncate64 fallocate fsync fdatasync sync_file_range copy_file_range sendfile sendfile64
  getdents getdents64 umask fadvise64 arm_fadvise64_64 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch`;

const waiting = `poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
  epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 pipe pipe2 timerfd_create timerfd_settime timerfd_gettime
  timerfd_settime64 timerfd_gettime64 clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
  clock_nanosleep_time64 nanosleep gettimeofday time times`;

const threads = `futex futex_time64 set_robust_list get_robust_list set_tid_address rseq gettid sched_yield
  sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu arch_prctl
  cacheflush set_tls exit exit_group`;

// kill reaches nobody outside: the process has a pid namespace of its own.
const signals = `rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigtimedwait
  rt_sigtimedwait_time64 sigreturn sigaltstack kill tkill tgkill pause restart_syscall`;

const identity = `getpid getppid getuid geteuid getgid getegid getgroups getresuid getresgid getuid32 geteuid32 getgid32
  getegid32 getgroups32 getresuid32 getresgid32 getpgid getpgrp getsid uname sysinfo getrlimit ugetrlimit setrlimit
  prlimit64 getrusage getpriority prctl capget getrandom execve wait4`;

const sockets = `connect bind listen accept accept4 getsockname getpeername getsockopt setsockopt send sendto sendmsg
  sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 shutdown`;

// Where the sandbox has no user namespace of its own, setpriv runs inside it and changes the uid under the filter.
// Afterwards the process holds no capability, and these calls can only set what it already is.
const changeIdentity = `setresuid setresgid setgroups setresuid32 setresgid32 setgroups32 setuid setgid setuid32 setgid32
  setreuid setregid setreuid32 setregid32 capset`;

const children = `fork vfork execveat waitid setpgid setsid setpriority pidfd_open pidfd_send_signal sched_setaffinity
  getitimer setitimer timer_create timer_settime timer_settime64 timer_gettime timer_gettime64 timer_delete
  timer_getoverrun setsockopt splice tee mknod mknodat`;

// erl_child_setup, which the VM forks for ports that are programs; a component has none to run.
const helper = "fork vfork setsid setpgid waitid getitimer setitimer timer_create timer_settime timer_delete";

// QEMU's main loop takes its signals from a descriptor, and ends where it gets none.
const emulator = "signalfd signalfd4";

// What a static program of glibc makes before main, what the client libraries make for channels, log and time, and what
// bubblewrap's pid 1 needs. No open: descriptors 0 to 3 and the sockets of its channels are all that there ever is.
const freestanding = `execve wait4 exit exit_group brk mmap mmap2 munmap mremap mprotect arch_prctl set_tls cacheflush
  set_tid_address set_robust_list rseq prlimit64 ugetrlimit getrandom readlink readlinkat futex futex_time64 getpid gettid
  rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack tgkill restart_syscall read write readv writev close
  fstat fstat64 newfstatat fstatat64 statx poll ppoll ppoll_time64 clock_gettime clock_gettime64 gettimeofday
  connect bind listen accept4 send sendto recv recvfrom getsockopt unlink unlinkat umask chmod fchmodat`;

// In a bare sandbox there is nothing to open but the program, its channels' sockets, and these.
const leases = "open openat pread64 pwrite64";

// setpriv reads its files before it makes way for the program; the names in them do not exist for that in a bare sandbox.
const setpriv = `open openat access faccessat faccessat2 pread64 prctl capget getuid getuid32 getgid getgid32 geteuid
  geteuid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 lseek _llseek`;

/** Names that a profile lets through whatever their arguments are. */
export function allowedCalls(profile: Profile, changesIdentityInside: boolean): string[] {
  const hosted = [memory, files, waiting, threads, signals, identity, sockets];
  const groups = isFreestanding(profile) ? [freestanding] : hosted;
  if (changesIdentityInside) groups.push(changeIdentity);
  if (changesIdentityInside && isFreestanding(profile)) groups.push(setpriv);
  if (profile === "freestanding-leased") groups.push(leases);
  if (profile === "net-admin") groups.push(children);
  if (profile === "beam") groups.push(helper);
  if (profile === "vm" || profile === "vm-kvm") groups.push(emulator);
  return [...new Set(groups.flatMap((group) => group.split(/\s+/).filter((name) => name !== "")))];
}

type CommonProfile = Exclude<Profile, "freestanding" | "freestanding-leased" | DriverProfile>;
const families: Readonly<Record<CommonProfile, readonly number[]>> = {
  component: [AF_UNIX, AF_INET, AF_INET6],
  agent: [AF_UNIX, AF_INET, AF_INET6],
  beam: [AF_UNIX, AF_INET, AF_INET6],
  "net-admin": [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK],
  asker: [AF_INET, AF_INET6],
  vm: [AF_UNIX],
  "vm-kvm": [AF_UNIX],
  serial: [AF_UNIX],
};

function familiesOf(profile: CommonProfile | DriverProfile): readonly number[] {
  if (!isDriver(profile)) return families[profile];
  return profile === "can" ? [AF_UNIX, AF_CAN] : [AF_UNIX];
}

/** One process: what it makes is threads. */
const hasNoChildren: readonly Profile[] = ["component", "agent", "serial", "asker", ...driverProfiles];

/** Names whose answer depends on an argument, or is another error than EPERM. */
export function ruledCalls(profile: Profile): Record<string, Rule> {
  if (isFreestanding(profile)) return { socket: { kind: "one-of", argument: 0, values: [AF_UNIX] } };
  return {
    // Its flags are behind a pointer, which no filter can follow. ENOSYS makes glibc use clone; EPERM aborts Node.
    clone3: { kind: "errno", errno: ENOSYS },
    clone: {
      kind: "bits",
      argument: 0,
      required: hasNoChildren.includes(profile) ? cloneThreadFlag : 0, // Another process is no thread.
      forbidden: cloneNamespaceFlags,
    },
    socket: { kind: "one-of", argument: 0, values: familiesOf(profile) },
    socketpair: { kind: "one-of", argument: 0, values: [AF_UNIX] },
    ioctl: requestRule(profile),
  };
}

// No device of KVM's is shown to any of the others; the filter does not rest on that.
function requestRule(profile: Profile): Rule {
  if (profile === "vm-kvm") return { kind: "one-of", argument: 1, values: askingRequests, kinds: [kvmRequests] };
  if (profile === "agent") return { kind: "one-of", argument: 1, values: nodesRequests };
  if (isDriver(profile)) {
    const { values = [], kinds = [] } = classRequests[profile];
    return { kind: "one-of", argument: 1, values: [...nodesRequests, ...values], kinds };
  }
  const values = profile === "serial" ? neverOnTerminals : [...neverOnTerminals, ...settingTerminals];
  return { kind: "none-of", argument: 1, values, kinds: [kvmRequests] };
}
