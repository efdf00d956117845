/** The wire between the device and its gateway, made narrow or cut, by the kernel: both ways alike. */
import type { Running } from "../../../../studio/src/run/launcher.ts";

/** The world's ends of the wire (`run/world/main.ts`): the gateway's, and that of the first device. */
const ends = ["port1", "port2"] as const;

/** `bytesPerS` on the wire, with two seconds of buffer in front of it, as slow links have them. */
export async function narrow({ world }: Running, bytesPerS: number): Promise<void> {
  const bucket = ["rate", `${bytesPerS * 8}bit`, "burst", "8kb", "latency", "2s"];
  for (const end of ends) await must(world, ["tc", "qdisc", "replace", "dev", end, "root", "tbf", ...bucket]);
}

export async function widen({ world }: Running): Promise<void> {
  for (const end of ends) await must(world, ["tc", "qdisc", "del", "dev", end, "root"]);
}

/** Nothing passes any more, and nobody is told. */
export const cut = ({ world }: Running): Promise<void> => must(world, ["ip", "link", "set", ends[1], "down"]);
export const mend = ({ world }: Running): Promise<void> => must(world, ["ip", "link", "set", ends[1], "up"]);

async function must(world: Running["world"], argv: readonly string[]): Promise<void> {
  const { code, stderr } = await world.run(argv);
  if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}
