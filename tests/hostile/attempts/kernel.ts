/** The kernel itself: its time, its modules, its large interfaces, and what all processes share there. */
import { attempts, words32, words64 } from "./attempt.ts";

/** struct timex: sets the length of a tick to what it is. */
const tick = words64(0x4000n, ...Array<bigint>(10).fill(0n), 10_000n, ...Array<bigint>(14).fill(0n));
/** Nanoseconds that are none: who may set the clock is told so. */
const noTime = words64(0n, 0xffffffffn);
/** union bpf_attr: an array of one element of four bytes. */
const bpfMap = words32(2, 4, 4, 1, ...Array<number>(28).fill(0));
/** struct perf_event_attr: the processor's clock as a counter. */
const counter = words32(1, 112, ...Array<number>(26).fill(0));

export const kernel = attempts("the kernel", [
  ["set the clock", "succeeds", "settimeofday 0 0"],
  ["set the clock by its number", "let in", `clock_settime 0 ${noTime}`],
  ["tune the clock", "succeeds", `adjtimex ${tick}`],
  ["tune the clock by its number", "succeeds", `clock_adjtime 0 ${tick}`],
  ["restart the board", "never", "reboot 0xfee1dead 672274793 0x1234567 0"],
  ["load another kernel", "unsure", "kexec_load 0 1 0 0x80000000"],
  ["load a module", "unsure", "init_module b:16 16 s:"],
  ["load a module's file", "unsure", "finit_module -1 s: 0"],
  ["remove a module", "unsure", "delete_module s:bulkhead-none 0"],
  ["swap to a file", "let in", "swapon s:/none 0"],
  ["end swapping", "let in", "swapoff s:/none"],
  ["account for all processes", "let in", "acct s:/none"],
  ["read the kernel's log", "succeeds", "syslog 10 0 0"],
  ["set quotas", "let in", "quotactl 0 s:/none 0 0"],
  ["load a program into the kernel (bpf)", "succeeds", `bpf 0 ${bpfMap} 128`],
  ["count what the processor does (perf)", "unsure", `perf_event_open ${counter} 0 -1 -1 0`],
  ["set up io_uring", "unsure", "io_uring_setup 4 b:120"],
  ["handle page faults", "succeeds", "userfaultfd 0"],
  ["name its keyring", "succeeds", "keyctl 0 -3 1"],
  ["add a key", "succeeds", "add_key s:user s:hostile s:x 1 -3"],
  ["ask for a key", "let in", "request_key s:user s:hostile-none 0 0"],
  ["install a filter of its own", "let in", "seccomp 1 0 b:16"],
  ["use ports of the processor", "unsure", "ioperm 0x80 1 1"],
  ["use all ports of the processor", "unsure", "iopl 3"],
  ["share memory of System V", "succeeds", "shmget 0x62756c6b 4096 0x3ff"],
  ["share a queue of System V", "succeeds", "msgget 0x62756c6b 0x3ff"],
  ["share semaphores of System V", "succeeds", "semget 0x62756c6b 1 0x3ff"],
  ["share a queue of POSIX", "succeeds", "mq_open s:bulkhead-hostile 0x42 0600 0"],
  ["make a call that no kernel has", "never", "pidfd_create_unknown 0"],
]);
