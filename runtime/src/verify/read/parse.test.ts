/** Texts of /proc as real kernels write them. */
import { expect, test } from "vitest";
import { root } from "../testing/facts.ts";
import { parseMounts } from "./files.ts";
import { parseInet, parseNetlink, parseNetwork, parseUnix, toAddress } from "./network.ts";
import { parseProcess, treeBelow } from "./processes.ts";

test("[K8] /proc/<pid>/status: ids, all five capability sets, filters; no groups are no groups", () => {
  const status = [
    "Name:\tMain Thread",
    "Uid:\t7\t8\t9\t10",
    "Gid:\t1\t2\t3\t4",
    "Groups:\t ",
    "CapInh:\t0000000000000001",
    "CapPrm:\t0000000000000002",
    "CapEff:\t0000000000000003",
    "CapBnd:\t0000000000000004",
    "CapAmb:\t0000000000000005",
    "NoNewPrivs:\t1",
    "Seccomp:\t2",
    "Seccomp_filters:\t3",
  ].join("\n");
  expect(parseProcess(status)).toEqual({
    name: "Main Thread",
    uids: [7, 8, 9, 10],
    gids: [1, 2, 3, 4],
    groups: [],
    capabilities: [1, 2, 3, 4, 5].map((digit) => `000000000000000${digit}`),
    noNewPrivileges: "1",
    seccompMode: "2",
    seccompFilters: "3",
  });
});

test("[K8] /proc/<pid>/mountinfo: number, place, kind and both sets of options", () => {
  const text = [
    "182 179 254:0 /data/x\\040y /app\\040a ro,nosuid,nodev,relatime - ext4 /dev/vda rw,discard",
    "234 179 0:63 / /tmp rw,nosuid shared:9 master:2 - tmpfs tmpfs rw,size=8192k",
  ].join("\n");
  expect(parseMounts(text)).toEqual([
    {
      id: 182,
      target: "/app a",
      type: "ext4",
      options: ["ro", "nosuid", "nodev", "relatime"],
      superOptions: ["rw", "discard"],
    },
    { id: 234, target: "/tmp", type: "tmpfs", options: ["rw", "nosuid"], superOptions: ["rw", "size=8192k"] },
  ]);
});

test("[K8] /proc/net: who listens, by path or address; the kernel's own netlink sockets are nobody's", () => {
  const unix = [
    "Num       RefCount Protocol Flags    Type St Inode Path",
    "ffff: 00000002 00000000 00010000 0001 01 22222 /tmp/mine with space.sock",
    "ffff: 00000003 00000000 00000000 0001 03 33333",
  ].join("\n");
  expect(parseUnix(unix)).toEqual([
    { table: "unix", inode: "22222", listening: true, local: "/tmp/mine with space.sock" },
    { table: "unix", inode: "33333", listening: false, local: "" },
  ]);
  const tcp = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:0FA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1 ffff 100",
    "   1: 0100007F:0FA1 0100007F:0001 01 00000000:00000000 00:00000000 00000000     0        0 5555 1 ffff 100",
  ].join("\n");
  expect(parseInet("tcp", tcp)).toEqual([
    { table: "tcp", inode: "4444", listening: true, local: "0100007F:0FA0" },
    { table: "tcp", inode: "5555", listening: false, local: "0100007F:0FA1" },
  ]);
  const netlink = [
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode",
    "0000000014d94d05 0   0          00000000 0        0        0     2        0        3591716",
    "0000000014d94d06 0   4242       00000000 0        0        0     2        0        777",
  ].join("\n");
  expect(parseNetlink(netlink)).toEqual([{ table: "netlink", inode: "777", listening: false, local: "4242" }]);
});

test("[K8] interfaces, addresses and routes; what the kernel makes for each address is left out", () => {
  const link = "fd4f6d467ead00010000000000010002";
  const none = "0".repeat(32);
  const texts = {
    dev: "Inter-|   Receive\n face |bytes\n    lo: 1 2\n  eth0: 3 4\n",
    if_inet6: `${"0".repeat(31)}1 01 80 10 80       lo\n${link} 02 80 00 80     eth0\n`,
    route: "Iface\tDestination\tGateway\neth0\t00000000\t0100A8C0\t0003\n",
    ipv6_route: [
      `${link} 80 ${none} 00 ${none} 00000100 00000001 00000000 00000001     eth0`,
      `${none} 00 ${none} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0`,
      `${link} 80 ${none} 00 ${none} 00000000 00000002 00000000 80200001     eth0`,
      `ff000000000000000000000000000000 08 ${none} 00 ${none} 00000100 00000002 00000000 00000001     eth0`,
      `${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200       lo`,
      "",
    ].join("\n"),
    fib_trie:
      "Local:\n  +-- 127.0.0.0/8\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.7\n        /32 host LOCAL\n",
  };
  expect(parseNetwork(texts)).toEqual({
    interfaces: ["lo", "eth0"],
    addresses: ["::1/128 lo", "fd4f:6d46:7ead:1::1:2/128 eth0", "127.0.0.1/32 lo", "192.0.2.7/32 ?"],
    routes: ["fd4f:6d46:7ead:1::1:2/128 dev eth0", "::/0 via fe80::1 dev eth0", "IPv4 00000000 via 0100A8C0 dev eth0"],
  });
  expect(toAddress("20010db8000000000000000000000001")).toBe("2001:db8::1");
});

test("[K8] a tree is a process and all that came from it", () => {
  const processes = [
    { ...root, pid: 2, parent: 1 },
    { ...root, pid: 3, parent: 2 },
    { ...root, pid: 4, parent: 3 },
    { ...root, pid: 5, parent: 1 },
  ];
  expect(treeBelow(processes, 2).map(({ pid }) => pid)).toEqual([2, 3, 4]);
  expect(treeBelow(processes, 9)).toEqual([]);
});
