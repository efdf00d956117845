/**
 * What every back-end of the watchdog driver does, through its server: on board `virtual`, and on real watchdogs. That one
 * really resets its board is a proof of its own (tests/prove/drivers).
 */
import type { WatchdogGrant } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { WatchdogDriver } from "./driver.ts";
import { watchdogDriver } from "./server.ts";

export type WatchdogBench = {
  create(): WatchdogDriver;
  readonly device: string;
  /** The watchdog seen past the driver. */
  isRunning(): Promise<boolean>;
  /** Whether it runs on where its process leaves it. */
  readonly outlivesDriver: boolean;
  /** Another program opens it, and gives back what lets go of it. */
  occupy?(): Promise<() => Promise<void>>;
  unplug?(): Promise<() => Promise<void>>;
  /** Stops it by whatever means. */
  close(): Promise<void>;
};

export function conformance(name: string, open: () => Promise<WatchdogBench>): void {
  describe(`[K11] the watchdog driver on ${name}`, () => {
    const on = eachOnBench(open, watchdogDriver);
    const connect = (more: Partial<WatchdogGrant> = {}, component = "control") =>
      on.driver.connect("timer", {
        grant: { device: on.bench.device, timeoutSeconds: { min: 20, max: 60 }, ...more },
        component,
      });

    test("stands until it is started, has the time that was asked for, and is petted", async () => {
      const { client } = connect();
      expect((await client.read()).isRunning).toBe(false);
      await expect(client.pet()).rejects.toMatchObject({ code: "WATCHDOG_NOT_STARTED" });
      expect(await client.start({ timeoutSeconds: 40 })).toEqual({ timeoutSeconds: 40 });
      expect(await client.read()).toMatchObject({ isRunning: true, timeoutSeconds: 40 });
      expect(await on.bench.isRunning()).toBe(true);
      await client.pet();
      await client.start({ timeoutSeconds: 30 });
      const { leftSeconds, timeoutSeconds } = await client.read();
      expect(timeoutSeconds).toBe(30);
      if (leftSeconds !== null) expect(leftSeconds).toBeLessThanOrEqual(30);
    });

    test("[K9] keeps to the granted times, and is stopped by nobody whose grant does not say so", async () => {
      const { client } = connect();
      const refused = { code: "IPC_NOT_GRANTED" };
      for (const timeoutSeconds of [19, 61])
        await expect(client.start({ timeoutSeconds })).rejects.toMatchObject(refused);
      expect(await on.bench.isRunning()).toBe(false);
      await client.start({ timeoutSeconds: 60 });
      await expect(client.stop()).rejects.toMatchObject(refused);
      expect(await on.bench.isRunning()).toBe(true);
    });

    test("is stopped where the grant says so, also twice, and started again", async () => {
      const { client } = connect({ stoppable: true });
      await client.stop();
      await client.start({ timeoutSeconds: 60 });
      await client.stop();
      expect(await on.bench.isRunning()).toBe(false);
      await expect(client.pet()).rejects.toMatchObject({ code: "WATCHDOG_NOT_STARTED" });
      await client.start({ timeoutSeconds: 60 });
      expect(await on.bench.isRunning()).toBe(true);
    });

    test("runs on when its client goes, and its next life pets it again", async () => {
      const first = connect({ stoppable: true });
      await first.client.start({ timeoutSeconds: 60 });
      first.leave();
      const next = connect({ stoppable: true });
      await next.client.pet();
      expect(await on.bench.isRunning()).toBe(true);
    });

    test("refuses one that another client has", async () => {
      await connect().client.start({ timeoutSeconds: 60 });
      const other = connect({ stoppable: true }, "other");
      await expect(other.client.stop()).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      expect(await on.bench.isRunning()).toBe(true);
    });

    test("stops with its driver where the grant says so, and else runs on for the driver's next life", async ({
      skip,
    }) => {
      const stopped = connect({ stoppable: true });
      await stopped.client.start({ timeoutSeconds: 60 });
      await on.driver.stop();
      expect(await on.bench.isRunning()).toBe(false);
      if (!on.bench.outlivesDriver) return skip("a timer of the driver's own cannot outlive it");
      on.driver = await on.start();
      await connect().client.start({ timeoutSeconds: 60 });
      await on.driver.stop();
      expect(await on.bench.isRunning()).toBe(true);
      on.driver = await on.start();
      await connect().client.start({ timeoutSeconds: 60 });
      await connect()
        .client.pet()
        .catch(() => {});
    });

    test("says that another program has it, and takes it when that has let go", async ({ skip }) => {
      if (on.bench.occupy === undefined) return skip("there is no other program here");
      const { client } = connect();
      const leave = await on.bench.occupy();
      await expect(client.start({ timeoutSeconds: 60 })).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      await leave();
      await client.start({ timeoutSeconds: 60 });
      await client.pet();
    });

    test("says so while the watchdog is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const { client } = connect({ stoppable: true });
      await client.start({ timeoutSeconds: 60 });
      await client.stop();
      const plug = await on.bench.unplug();
      await expect(client.start({ timeoutSeconds: 60 })).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      await client.start({ timeoutSeconds: 60 });
      await client.pet();
      expect(await on.bench.isRunning()).toBe(true);
    });
  });
}
