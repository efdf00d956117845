import { startComponent } from "@bulkhead/sdk/testing";
import { expect, test, vi } from "vitest";
import { component } from "./main.ts";
import { maxTimers } from "./timers.ts";

test("[K5] clients have time-outs of their own: same ids do not meet, and a full client harms no other", async () => {
  const started = await startComponent(component, { uses: {} });
  const [a, b] = [started.connect("time"), started.connect("time")];
  const heard: string[] = [];
  a.client.channel.on("timeout", ({ id }) => heard.push(`a${id}`));
  b.client.channel.on("timeout", ({ id }) => heard.push(`b${id}`));
  for (let id = 0; id < maxTimers; id += 1) await a.client.after({ id, delayMs: 60_000 });
  await expect(a.client.after({ id: maxTimers, delayMs: 1 })).rejects.toMatchObject({ code: "IPC_OVERLOADED" });
  await b.client.after({ id: 1, delayMs: 1 });
  await vi.waitFor(() => expect(heard).toEqual(["b1"]));
  await a.client.cancel({ id: 0 });
  await a.client.after({ id: maxTimers, delayMs: 1 });
  await vi.waitFor(() => expect(heard).toEqual(["b1", `a${maxTimers}`]));
  expect((await a.client.now()).quality).toBe("host");
  a.leave();
});
