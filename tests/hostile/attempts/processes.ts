/** Other processes, other identities, other namespaces, and a better place in the scheduler. */
import { attempts, open, words32, words64 } from "./attempt.ts";

const newUser = 0x10000000;
const newMounts = 0x00020000;
const newNetwork = 0x40000000;
const newPids = 0x20000000;
const SIGCHLD = 17;
/** CAP_SYS_ADMIN. */
const sysAdmin = 1 << 21;

/** struct clone_args (linux/sched.h), version 0: flags first, the signal fifth. */
const cloneArguments = (flags: number) => words64(BigInt(flags), 0n, 0n, 0n, BigInt(SIGCHLD), 0n, 0n, 0n);

export const processes = attempts("processes", [
  ["signal everybody", "succeeds", "kill -1 0"],
  ["signal a neighbour by its number", "succeeds", "kill {caller} 0"],
  ["hold a neighbour by a pidfd", "succeeds", "pidfd_open {caller} 0"],
  ["be traced", "succeeds", "ptrace 0 0 0 0"],
  ["trace a neighbour", "succeeds", "ptrace 0x4206 {caller} 0 0"],
  ["trace its own pid 1", "unsure", "ptrace 0x4206 1 0 0"],
  ["read a neighbour's memory by process_vm_readv", "succeeds", "process_vm_readv {caller} 0 0 0 0 0"],
  ["write its memory by process_vm_writev", "succeeds", "process_vm_writev {caller} 0 0 0 0 0"],
  ["compare kernel objects with a neighbour", "succeeds", "kcmp {caller} {caller} 1 0 0"],
  ["take a descriptor out of a process", "let in", "pidfd_getfd -1 0 0"],
  ["advise on others' memory", "let in", "process_madvise -1 b:16 1 4 0"],
  ["move others' pages", "succeeds", "move_pages {caller} 0 0 0 0 0"],
  ["fork", "succeeds", "fork"],
  ["clone a process", "succeeds", `clone ${SIGCHLD} 0 0 0 0`],
  ["clone a process by clone3", "succeeds", `clone3 ${cloneArguments(0)} 64`],
]);

export const identity = attempts("identity", [
  ["become root", "succeeds", "setuid 0"],
  ["become root in group", "succeeds", "setgid 0"],
  ["become root in all three uids", "succeeds", "setresuid 0 0 0"],
  ["become a neighbour", "succeeds", "setresuid 700000 700000 700000"],
  ["join groups", "succeeds", `setgroups 1 ${words32(0)}`],
  ["take a capability", "succeeds", `capset ${words32(0x20080522, 0)} ${words32(sysAdmin, sysAdmin, 0, 0, 0, 0)}`],
  ["raise an ambient capability", "unsure", "prctl 47 2 21 0 0"],
  ["loosen its secure bits", "succeeds", "prctl 28 0 0 0 0"],
  ["raise its limit of files", "unsure", `prlimit64 0 7 ${words64(65_536n, 65_536n)} 0`],
  ["change its personality", "succeeds", "personality 0x40000"],
]);

export const namespaces = attempts("namespaces and mounts", [
  ["make a user namespace", "succeeds", `unshare ${newUser}`],
  ["make a mount namespace", "succeeds", `unshare ${newMounts}`],
  ["make a network namespace", "succeeds", `unshare ${newNetwork}`],
  ["make a pid namespace", "succeeds", `unshare ${newPids}`],
  ["clone into a user namespace", "succeeds", `clone ${newUser | SIGCHLD} 0 0 0 0`],
  ["clone into one by clone3", "succeeds", `clone3 ${cloneArguments(newUser)} 64`],
  ["enter the mounts of pid 1", "unsure", open("/proc/1/ns/mnt"), "setns $ 0"],
  ["enter the network of pid 1", "unsure", open("/proc/1/ns/net"), "setns $ 0"],
  ["enter a neighbour's network", "succeeds", open("/proc/{caller}/ns/net"), "setns $ 0"],
  ["mount a file system", "succeeds", "mount s:none s:/tmp s:tmpfs 0 0"],
  ["bind a directory", "succeeds", "mount s:/ s:/tmp 0 0x1000 0"],
  ["make its bundle writable", "let in", "mount s:none s:/app 0 0x1020 0"],
  ["mount /proc anew", "succeeds", "mount s:proc s:/tmp s:proc 0 0"],
  ["unmount /proc", "succeeds", "umount2 s:/proc 2"],
  ["change the root", "let in", "pivot_root s:/tmp s:/tmp"],
  ["change its root", "succeeds", "chroot s:/tmp"],
  ["open a file system", "succeeds", "fsopen s:tmpfs 0"],
  ["take a tree of mounts", "succeeds", "open_tree -100 s:/ 1"],
  ["move a mount", "let in", "move_mount -1 s: -1 s: 0"],
  ["change the attributes of mounts", "let in", "mount_setattr -100 s:/none 0 b:32 32"],
  ["name the host", "succeeds", "sethostname s:hostile 7"],
  ["name the domain", "succeeds", "setdomainname s:hostile 7"],
]);

export const scheduling = attempts("scheduling and memory", [
  ["become real time", "succeeds", `sched_setscheduler 0 1 ${words32(50)}`],
  [
    "take a deadline",
    "unsure",
    `sched_setattr 0 ${words64((6n << 32n) | 48n, 0n, 0n, 5_000_000n, 10_000_000n, 10_000_000n)} 0`,
  ],
  ["be nicer to itself", "succeeds", "setpriority 0 0 -20"],
  ["be first at the disk", "succeeds", "ioprio_set 1 0 0x2000"],
  ["choose its cores", "succeeds", `sched_setaffinity 0 8 ${words64(1n)}`],
  ["lock all its memory", "succeeds", "mlockall 3"],
  ["take huge pages", "unsure", "mmap 0 0x200000 3 0x40022 -1 0"],
  ["move its pages between nodes", "let in", "migrate_pages {caller} 0 0 0"],
  ["hold secret memory", "unsure", "memfd_secret 0"],
]);
