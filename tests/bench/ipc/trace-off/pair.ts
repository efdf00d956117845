/** Both ends of a channel in one process, over a real socket: what is bundled with trace points and without. */
import { connectPair } from "../../../../sdk/src/testing/connect-pair.ts";
import { echo } from "../system/echo.ts";

export type TracePair = { call(sequence: number): Promise<unknown>; close(): Promise<void> };

export async function openPair(): Promise<TracePair> {
  const pair = await connectPair(echo, {
    small: (value) => value,
    large: () => null,
    shared: () => null,
    async *readings() {},
  });
  const label = "x".repeat(40);
  return {
    call: (sequence) => pair.client.small({ sequence, label, value: 20.5 }),
    close: () => pair.close(),
  };
}
