/**
 * vitest gives a worker 60 s to start, and its pool 90 s; no setting of it changes that. On an emulated processor whose host is busy that is too
 * short, so in a guest both are ten times as long: in vitest's own process alone (a fork has `process.send`), what is tested has its own times.
 */
import { promisify } from "node:util";

const bounds = new Set([60_000, 90_000]);
if (process.send === undefined) {
  const { setTimeout } = globalThis;
  const patient = (callback, delayMs, ...rest) =>
    setTimeout(callback, bounds.has(delayMs) ? delayMs * 10 : delayMs, ...rest);
  globalThis.setTimeout = Object.assign(patient, { [promisify.custom]: setTimeout[promisify.custom] });
}
