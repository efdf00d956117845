/**
 * The tunnel's own time: later than every handshake that this device has begun. WireGuard's gateway answers none that is
 * dated before the last (whitepaper, section 5.1), so a board whose clock went back over a power cut would be locked out.
 * It is another thing than the clock floor of updates, and judges none: the network server, which keeps it, is not trusted
 * that far.
 */
import { constants, open } from "node:fs/promises";
import { execa } from "execa";
import { replaceFile } from "../generations/durable.ts";

/** Of the file in the directory that the network server sees as `tunnelTimeDirectory`. */
const fileName = "time";
export const tunnelTimeDirectory = "/tunnel";
/** It is written down so much ahead that it need not be written at each handshake, every two minutes. */
const aheadMs = 10 * 60_000;
/** No clock is set further than that on the word of the network server: it would rather be locked out than lie for ever. */
const furthestMs = 2 * 366 * 24 * 3600 * 1000;

/** What to set a clock to that says `nowMs`; undefined where it may stay. Pure. */
export function timeToSet(storedMs: number | undefined, nowMs: number, builtAtMs: number): number | undefined {
  if (storedMs === undefined || storedMs <= nowMs + aheadMs) return undefined;
  return storedMs <= Math.max(nowMs, builtAtMs) + furthestMs ? storedMs : undefined;
}

/** A place to note the time of handshakes; one that cannot be written costs only what it is for. */
export function openTunnelTime(directory: string): { note(nowMs: number): Promise<void> } {
  let storedMs: number | undefined;
  return {
    async note(nowMs) {
      storedMs ??= (await readTunnelTime(directory)) ?? 0;
      if (nowMs < storedMs) return;
      storedMs = nowMs + aheadMs;
      await replaceFile(`${directory}/${fileName}`, `${storedMs}\n`, 0o600).catch(() => undefined);
    },
  };
}

/** Undefined where there is none. Never throws, never waits, never follows a link: its owner is not trusted. */
export async function readTunnelTime(directory: string): Promise<number | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(`${directory}/${fileName}`, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(32), 0, 32, 0);
    const text = buffer.toString("latin1", 0, bytesRead);
    return /^\d{1,15}\n$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * Sets the board's clock forward to the tunnel's own time where it is behind, and says what it did. `set`: the system's
 * `date`, which needs CAP_SYS_TIME.
 */
export async function catchUp(
  directory: string,
  nowMs: number,
  builtAtMs: number,
  set: (timeMs: number) => Promise<unknown> = setClock,
): Promise<string | undefined> {
  const timeMs = timeToSet(await readTunnelTime(directory), nowMs, builtAtMs);
  if (timeMs === undefined) return undefined;
  const words = `the clock was behind the tunnel's last handshake (${new Date(timeMs).toISOString()})`;
  return set(timeMs).then(
    () => `${words} and was set to it`,
    () => `${words} and cannot be set: the gateway may answer nothing until \`bulkhead device reset-tunnel\``,
  );
}

function setClock(timeMs: number): Promise<unknown> {
  return execa("date", ["--utc", `--set=@${Math.floor(timeMs / 1000)}`], {
    extendEnv: false,
    env: { PATH: "/usr/bin:/bin" },
  });
}
