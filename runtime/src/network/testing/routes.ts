/**
 * For tests: what lies between a device and its gateway in the real world. A router with NAT, whose memory of UDP is short,
 * and behind it one with a narrow link.
 *
 *   wire ── nat ──┬── <plain>           10.88.1.0/24
 *                 └─(1280)─ far ── <narrow>   10.88.3.0/24
 */
import type { World } from "./world.ts";

/** Common routers forget after 30 s and more; this one must be forgetful for a test to be short. */
export const natForgetsSeconds = 20;
export const natAddress = "10.77.0.9";
export const narrowBytes = 1280;

/** Makes the routers and the namespaces `plain` and `narrow`. Needs a world of root's. */
export async function attachBehindNat(world: World, plain: string, narrow: string): Promise<void> {
  await world.attach("nat", `${natAddress}/24`);
  for (const name of ["far", plain, narrow]) await must(world, null, "ip", "netns", "add", name);
  await join(world, ["nat", "p0", "10.88.1.1/24"], [plain, "eth0", "10.88.1.2/24"], 1500);
  await join(world, ["nat", "f0", "10.88.2.1/24"], ["far", "up", "10.88.2.2/24"], narrowBytes);
  await join(world, ["far", "n0", "10.88.3.1/24"], [narrow, "eth0", "10.88.3.2/24"], 1500);
  await must(world, plain, "ip", "route", "add", "default", "via", "10.88.1.1");
  await must(world, narrow, "ip", "route", "add", "default", "via", "10.88.3.1");
  await must(world, "far", "ip", "route", "add", "default", "via", "10.88.2.1");
  await must(world, "nat", "ip", "route", "add", "10.88.3.0/24", "via", "10.88.2.2");
  await must(world, "nat", "nft", masquerade);
  for (const file of ["nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"]) {
    await set(world, "nat", `net/netfilter/${file}`, natForgetsSeconds);
  }
  for (const router of ["nat", "far"]) await set(world, router, "net/ipv4/ip_forward", 1);
}

// From the wire only what answers.
const masquerade = `table ip nat {
  chain out { type nat hook postrouting priority srcnat; policy accept; oifname "eth0" masquerade; }
  chain through { type filter hook forward priority filter; policy drop; iifname != "eth0" accept; ct state established,related accept; }
}`;

type End = readonly [namespace: string, name: string, address: string];

async function join(world: World, a: End, b: End, mtu: number): Promise<void> {
  const peer = ["type", "veth", "peer", "name", b[1], "mtu", `${mtu}`, "netns", b[0]];
  await must(world, a[0], "ip", "link", "add", "name", a[1], "mtu", `${mtu}`, ...peer);
  for (const [namespace, name, address] of [a, b]) {
    await must(world, namespace, "ip", "link", "set", "dev", "lo", "up");
    await must(world, namespace, "ip", "address", "add", address, "dev", name);
    await must(world, namespace, "ip", "link", "set", "dev", name, "up");
  }
}

async function set(world: World, namespace: string, key: string, value: number): Promise<void> {
  await must(world, namespace, "tee", `/proc/sys/${key}`, `${value}`);
}

/** For `tee`, the last argument is what it writes. */
async function must(world: World, namespace: string | null, program: string, ...args: string[]): Promise<void> {
  const [argv, input] = program === "tee" ? [args.slice(0, 1), args[1]] : [args, ""];
  const result = await world.run(namespace, [program, ...argv], input);
  if (result.failed) throw new Error(`${program} ${args.join(" ")}: ${result.stderr}`);
}
