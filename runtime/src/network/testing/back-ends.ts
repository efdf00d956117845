/** Which WireGuard this machine has: a suite runs once by each, and says aloud where it cannot. */
import { execa } from "execa";

export type Backend = "userspace" | "kernel";

const kernelAttempt = ["--net", "ip", "link", "add", "wg0", "type", "wireguard"];

/** The name of a back-end for a title, and why it is not there. */
export const backends: readonly { backend: Backend; title: string; isHere: boolean }[] = [
  { backend: "userspace", title: "userspace", isHere: true },
  await kernel(),
];

async function kernel(): Promise<{ backend: Backend; title: string; isHere: boolean }> {
  const isHere = !(await execa("unshare", kernelAttempt, { reject: false })).failed;
  return { backend: "kernel", title: isHere ? "kernel" : "kernel: skipped, this kernel has no WireGuard", isHere };
}
