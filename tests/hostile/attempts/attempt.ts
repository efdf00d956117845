/** One attempt of the native component: system calls of which the last must not succeed. */

/**
 * What the same calls do outside of a sandbox, for root: `succeeds`; `let in`: the kernel's answer is about the arguments and
 * not about who asks, as doing it would harm the machine; `unsure`: depends on what the machine has, so it is run and
 * shown; `never`: not run.
 */
export type Control = "succeeds" | "let in" | "unsure" | "never";

export type Attempt = {
  readonly name: string;
  readonly group: string;
  /** As `system/raw/main.c` reads them; `{caller}` and the like stand for what the test knows. */
  readonly steps: readonly string[];
  readonly control: Control;
};

/** Attempts of one group: name, control, steps. */
export function attempts(group: string, rows: readonly (readonly [string, Control, ...string[]])[]): Attempt[] {
  return rows.map(([name, control, ...steps]) => ({ name, group, control, steps }));
}

const hex = (bytes: Uint8Array) => `x:${Buffer.from(bytes).toString("hex")}`;

/** An argument of 32 or 64 bit words, little endian as every board here is. */
export const words32 = (...values: number[]): string => hex(new Uint8Array(Uint32Array.from(values).buffer));
export const words64 = (...values: bigint[]): string => hex(new Uint8Array(BigUint64Array.from(values).buffer));

/** `connect $ address length` to a Unix socket; a leading `@` is the abstract name space. */
export function connectUnix(path: string): string {
  const name = path.startsWith("@") ? `\0${path.slice(1)}` : path;
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(name, "latin1")]);
  return `connect $ ${hex(address)} ${path.startsWith("@") ? address.length : 110}`;
}

/** The same to an IPv4 address. */
export function connectInet(host: string, port: number): string {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(2, 0);
  address.writeUInt16BE(port, 2);
  address.set(host.split(".").map(Number), 4);
  return `connect $ ${hex(address)} 16`;
}

export const open = (path: string, flags: "r" | "w" | "rw" | "create" | "directory" = "r"): string => {
  const bits = { r: 0, w: 1, rw: 2, create: 0o101, directory: 0o200000 }[flags];
  return `openat -100 s:${path} ${bits} 0600`;
};
