/** What a slow board, or one that has much to do, may take its time for. */
import { setTimeout as delay } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createLog } from "../log.ts";
import { closeAll, hello, rawConnection, rawPair, valve } from "../testing/valve.ts";
import { createClientEnd } from "./client.ts";
import type { LinkOptions } from "./link.ts";
import type { Transport } from "./transport.ts";

const self = { component: "client", incarnation: 1 };
const common = { interface: valve, name: "pin", path: "/run/nowhere", self, log: createLog(() => {}) };

/** Connects at once, and then nothing comes. */
function silentProvider() {
  const links: LinkOptions[] = [];
  const destroy = vi.fn();
  const link = {
    send: () => 0,
    queuedBytes: () => 0,
    unsentBytes: () => 0,
    pause() {},
    hold() {},
    resume() {},
    end() {},
  };
  const transport: Transport = {
    connect(_, options) {
      links.push(options);
      return { ...link, destroy };
    },
    listen: () => Promise.reject(new Error("a client does not listen")),
  };
  return { transport, links, destroy };
}

function busy(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe("[K3] on a slow board", () => {
  test("a client waits for the hello of a provider that is up, however long that takes", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { transport, links, destroy } = silentProvider();
    const end = createClientEnd({ ...common, transport });
    end.setPeer({ up: true, incarnation: 1 });
    vi.advanceTimersByTime(60_000);
    expect([links.length, destroy.mock.calls.length]).toEqual([1, 0]);
    end.close();
    expect(destroy).toHaveBeenCalledOnce();
  });

  test("a call that names no deadline has that of the board, and says what it waited for", async () => {
    const end = createClientEnd({ ...common, transport: silentProvider().transport, callMs: 30 });
    end.setPeer({ up: true, incarnation: 1 });
    const error: unknown = await end.client.read(null).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BulkheadError);
    expect(error).toMatchObject({
      code: "PEER_GONE",
      message: "pin.read was not answered within 30 ms: its provider was not connected",
    });
    end.close();
  });

  test("a hello that came in time counts, although its provider was too busy to read it", async () => {
    onTestFinished(closeAll);
    const { path, server } = await rawPair(undefined, { helloMs: 300 });
    const raw = await rawConnection(path);
    // The provider has taken the connection, so its time runs. From where sockets are read, as what keeps a provider busy is.
    const answered = new Promise<void>((resolve) => {
      raw.socket.once("data", () => {
        raw.socket.write(hello());
        busy(400);
        resolve();
      });
    });
    await answered;
    await delay(20);
    expect(server().counters.refusedConnections).toBe(0);
    raw.socket.destroy();
  });

  test("none that never comes: the connection ends", async () => {
    onTestFinished(closeAll);
    const { path, server, lines } = await rawPair(undefined, { helloMs: 30 });
    const raw = await rawConnection(path);
    await raw.closed;
    await expect.poll(() => server().counters.refusedConnections).toBe(1);
    expect(lines.join()).toContain("no hello within 30 ms");
  });
});
