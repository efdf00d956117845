import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serialServer } from "./main.ts";
import { createSampleRing } from "./samples.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-samples-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const start = () =>
  startComponent(
    serialServer({
      log: directory,
      crashes: join(directory, "crashes"),
      kept: join(directory, "console"),
      trace: directory,
    }),
    {
      uses: {},
      config: { components: [] },
    },
  );
const grant = { streams: { temperature: { unit: "°C", min: -40, max: 125 }, fan: { unit: "on" } }, perMinute: 6 };

test("[M5] samples are numbered and told as who published them, and outlive the serial server under their numbers", async () => {
  const first = await start();
  const { client } = first.connect("samples", { component: "climate", grant });
  await client.publish({ values: { temperature: 21.5, fan: 1 } });
  const before = await first.connect("published").client.read({ after: -1, limit: 10 });
  expect(before).toMatchObject({
    samples: [
      { component: "climate", stream: "temperature", value: 21.5 },
      { component: "climate", stream: "fan", value: 1 },
    ],
    dropped: 0,
  });
  await first.stop();
  const second = await start();
  await second.connect("samples", { component: "climate", grant }).client.publish({ values: { fan: 0 } });
  const after = before.samples.at(-1)?.sequence ?? 0;
  const { samples, dropped } = await second.connect("published").client.read({ after, limit: 10 });
  expect([samples.map(({ sequence, value }) => [sequence, value]), dropped]).toEqual([[[after + 1, 0]], 0]);
  await second.stop();
});

test("[M5] a stream that the manifest does not name, a value beyond its bounds and more than its rate are refused", async () => {
  const started = await start();
  const { client } = started.connect("samples", { component: "climate", grant });
  await expect(client.publish({ values: { pressure: 1 } })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
  await expect(client.publish({ values: { temperature: 126 } })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
  await expect(client.publish({ values: { constructor: 1 } })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
  for (let i = 0; i < 6; i += 1) await client.publish({ values: { fan: i } });
  await expect(client.publish({ values: { fan: 7 } })).rejects.toMatchObject({ code: "IPC_RATE_LIMITED" });
  // Who comes again has no new allowance; another component has its own.
  const again = started.connect("samples", { component: "climate", grant }).client;
  await expect(again.publish({ values: { fan: 7 } })).rejects.toMatchObject({ code: "IPC_RATE_LIMITED" });
  await started.connect("samples", { component: "other", grant }).client.publish({ values: { fan: 1 } });
  const { samples } = await started.connect("published").client.read({ after: -1, limit: 500 });
  expect(samples.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 1]);
  await started.stop();
});

test("[M5] a reader that comes late is told exactly how many are gone", () => {
  const ring = createSampleRing(join(directory, "none"), 100);
  const first = ring.append({ atMs: 0, component: "a", stream: "b", value: 0 });
  for (let n = 1; n < 5_000; n += 1) ring.append({ atMs: n, component: "a", stream: "b", value: n });
  const { samples, dropped } = ring.read(first + 9, 500);
  expect(dropped).toBe((samples[0]?.value ?? 0) - 10);
  expect(ring.read(samples.at(-1)?.sequence ?? 0, 500).dropped).toBe(0);
});
