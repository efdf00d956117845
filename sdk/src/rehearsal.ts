/**
 * What a spare does while it stands by: it goes once through what follows `start` (a start message read, a channel
 * opened, a call answered), with itself and in its own /tmp, so that the code is compiled and warm when it has to be fast.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Channel, type ToComponent, toComponent } from "@bulkhead/protocol";
import * as z from "zod/mini";
import { createClientEnd } from "./channel/client.ts";
import { listenChannel } from "./channel/server.ts";
import { encodeFrame } from "./codec.ts";
import { defineInterface } from "./interface.ts";
import type { Log } from "./log.ts";

/** Made when it is wanted, for few components are spares. */
const stage = () =>
  defineInterface({
    name: "rehearsal",
    operations: { call: { arguments: z.null(), result: z.null(), idempotent: true } },
  });

const channel: Channel = {
  client: "spare",
  name: "stage",
  provider: "spare",
  service: "rehearsal",
  interface: "rehearsal",
  dependency: "weak",
  grant: {},
  operations: null,
  inspect: false,
  ratePerSecond: null,
  leaseBytes: 0,
};
const self = { component: "spare", incarnation: 1 };
/** V8 compiles a function after some calls; more than these would only keep the machine busy. */
const calls = 20;

/** Never rejects: a rehearsal that fails costs milliseconds later, and nothing else. */
export async function rehearse(log: Log): Promise<void> {
  const silent: Log = { ...log, info: () => undefined, warn: () => undefined, error: () => undefined };
  await perform(silent).catch((error: unknown) => log.warn("the spare could not rehearse", { error }));
}

async function perform(log: Log): Promise<void> {
  const start: ToComponent["start"] = {
    ...{ protocol: 1, component: "spare", role: "application", incarnation: 1, generation: 1, heartbeatMs: 1000 },
    ...{ uses: [channel], provides: [channel], config: {} },
  };
  const stageInterface = stage();
  toComponent.start.safeParse(start);
  encodeFrame([2, "ready", {}]);
  const directory = mkdtempSync(join(tmpdir(), "rehearsal-"));
  const path = join(directory, "socket");
  const server = await listenChannel({
    ...{ interface: stageInterface, service: "rehearsal", channel, path, self, log },
    accept: () => ({ call: () => null }),
  });
  const end = createClientEnd({ interface: stageInterface, name: "stage", path, self, log });
  try {
    end.setPeer({ up: true, incarnation: 1 });
    for (let call = 0; call < calls; call++) await end.client.call();
  } finally {
    end.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
