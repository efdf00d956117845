/** Files, devices, and what /proc shows of others. */
import { attempts, open, words32 } from "./attempt.ts";

/** struct vfs_cap_data, revision 2: every capability, effective. */
const allCapabilities = words32(0x02000001, 0xffffffff, 0, 0xffffffff, 0);

export const files = attempts("files", [
  ["read the passwords of the host", "succeeds", open("/etc/shadow")],
  ["read them by way of ..", "succeeds", open("/tmp/../../../../etc/shadow")],
  ["read them by way of a link", "succeeds", "symlinkat s:/etc/shadow -100 s:/tmp/link", open("/tmp/link")],
  ["read them through the root of pid 1", "unsure", open("/proc/1/root/etc/shadow")],
  ["read them through the root of a process of the host", "succeeds", open("/proc/{host}/root/etc/shadow")],
  ["read them through the root of a thread", "unsure", open("/proc/self/task/../../1/root/etc/shadow")],
  ["list the home of root", "succeeds", open("/root", "directory")],
  ["list the device's disk", "never", open("{dataDir}", "directory")],
  ["read the device's keys", "never", open("{dataDir}/provisioning.json")],
  ["read them by way of a process of the host", "succeeds", open("/proc/{host}/root{dataDir}/provisioning.json")],
  ["rewrite its own program", "never", open("/app/main", "w")],
  ["put a file beside its program", "never", open("/app/more", "create")],
  [
    "replace its own program",
    "never",
    "symlinkat s:/tmp/other -100 s:/tmp/new",
    "renameat2 -100 s:/tmp/new -100 s:/app/main 0",
  ],
  ["write to the root of its sandbox", "never", open("/more", "create")],
  ["make a directory in /run", "never", "mkdirat -100 s:/run/more 0700"],
  ["reach control groups", "succeeds", open("/sys/fs/cgroup", "directory")],
  ["write to /sys", "succeeds", open("/sys/kernel/mm/ksm/run", "w")],
  [
    "give its file capabilities",
    "succeeds",
    open("/tmp/mine", "create"),
    `fsetxattr $ s:security.capability ${allCapabilities} 20 0`,
  ],
  ["give its file to root", "succeeds", open("/tmp/owned", "create"), "chown s:/tmp/owned 0 0"],
  ["open a file by its handle", "let in", "open_by_handle_at -100 b:64 0"],
  ["name a file by its handle", "let in", "name_to_handle_at -100 s:/proc b:128 b:8 0"],
  ["watch all files", "succeeds", "fanotify_init 0 0"],
]);

export const devices = attempts("devices", [
  ["read physical memory", "unsure", open("/dev/mem")],
  ["read the kernel's log", "succeeds", open("/dev/kmsg")],
  ["open the terminal", "unsure", open("/dev/tty", "rw")],
  ["open the tunnel's device", "unsure", open("/dev/net/tun", "rw")],
  ["open the TPM", "unsure", open("/dev/tpmrm0", "rw")],
  ["make a device node for memory", "succeeds", "mknodat -100 s:/tmp/mem 0x2180 0x101"],
  ["make a device node for a disk", "succeeds", "mknodat -100 s:/tmp/disk 0x6180 0xfe00"],
  ["make a FIFO", "succeeds", "mknodat -100 s:/tmp/fifo 0x1180 0"],
  ["type into a terminal (TIOCSTI)", "let in", "ioctl 0 0x5412 s:x"],
  ["paste into a terminal (TIOCLINUX)", "let in", "ioctl 0 0x541c s:x"],
  ["hang the terminal up", "never", "vhangup"],
]);

export const proc = attempts("/proc", [
  ["read a neighbour's memory", "succeeds", open("/proc/{caller}/mem", "rw")],
  ["read a neighbour's environment", "succeeds", open("/proc/{caller}/environ")],
  ["read a neighbour's files", "succeeds", open("/proc/{caller}/root/tmp/calls")],
  ["take a neighbour's descriptor", "succeeds", open("/proc/{caller}/fd", "directory")],
  ["set the program for core dumps", "succeeds", open("/proc/sys/kernel/core_pattern", "w")],
  ["set the host name by sysctl", "succeeds", open("/proc/sys/kernel/hostname", "w")],
  ["forward packets by sysctl", "succeeds", open("/proc/sys/net/ipv4/ip_forward", "w")],
  ["drop the host's caches", "succeeds", open("/proc/sys/vm/drop_caches", "w")],
  ["press the magic key", "unsure", open("/proc/sysrq-trigger", "w")],
  ["read the kernel's memory", "unsure", open("/proc/kcore")],
  ["follow the kernel's log", "succeeds", open("/proc/kmsg")],
  ["be spared when memory ends", "unsure", open("/proc/self/oom_score_adj", "w"), "write $ s:-1000 5"],
  ["map uids anew", "unsure", open("/proc/self/uid_map", "w"), "write $ s:0 1"],
  ["change the limits of a neighbour", "unsure", "prlimit64 {caller} 7 0 b:16"],
]);
