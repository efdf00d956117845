/** A device in a world of its own for each spec, with its states as the message server is pushed them. Not part of the runtime. */
import { type DeviceStatus, deviceStatusSchema } from "@bulkhead/protocol";
import { createFrameReader } from "@bulkhead/sdk";
import { makeDevice, patienceMs, type SpecDevice, type SpecWorld, type SystemSketch } from "./device.ts";

export const cleanUp: (() => Promise<unknown> | undefined)[] = [];
/** For `afterEach`. */
export async function cleanUpAll(): Promise<void> {
  for (const action of cleanUp.splice(0).reverse()) await action();
}

let count = 0;
/** A name for a device that no other of this process has. */
export const nextName = () => `spec-${process.pid}-${count++}`;

export async function boot(sketch: SystemSketch): Promise<{ device: SpecDevice; world: SpecWorld }> {
  const device = await makeDevice(nextName(), sketch);
  cleanUp.push(() => device.remove());
  return { device, world: startIn(device) };
}

export function startIn(device: SpecDevice): SpecWorld {
  const world = device.start();
  cleanUp.push(() => world.close());
  return world;
}

export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  timeoutMs = patienceMs,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A message that a fake wrote as hexadecimal MessagePack. */
export function messageIn(line: string): unknown {
  const message = Buffer.from(line, "hex");
  const header = Buffer.alloc(4);
  header.writeUInt32BE(message.length);
  let found: unknown;
  createFrameReader((frame) => {
    found = frame;
  }).push(Buffer.concat([header, message]));
  return found;
}

/** The states that the message server is pushed, in the order in which they come. */
export async function watchStatus(
  world: SpecWorld,
): Promise<{ last(): DeviceStatus | undefined; when(good: (status: DeviceStatus) => boolean): Promise<DeviceStatus> }> {
  await world.line(/generation \d+ .* (starts|is on trial)/);
  const console = world.console("message-server");
  cleanUp.push(async () => console.close());
  const parse = (line: string) => {
    const [, , body] = messageIn(line) as [2, "status", { status: { status: unknown; system: unknown } }];
    return deviceStatusSchema.parse(body.status.status);
  };
  const last = () => (console.lines.length > 0 ? parse(console.lines.at(-1) ?? "") : undefined);
  return {
    last,
    when: (good) =>
      until(
        () => {
          const status = last();
          return status && good(status) ? status : undefined;
        },
        `a state; the last is ${JSON.stringify(last()?.components.map(({ name, state }) => [name, state]))}`,
      ),
  };
}

export const stateOf = (status: DeviceStatus, name: string) =>
  status.components.find((component) => component.name === name);
export const allReady = (status: DeviceStatus) => status.components.every(({ state }) => state === "ready");
