/** What every back-end of the PWM driver does, through its server: on board `virtual`, on folders, on real controllers. */
import type { PwmChannelGrant } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { PwmDriver, Signal } from "./driver.ts";
import { pwmDriver } from "./server.ts";

export type PwmBench = {
  /** A driver as its process begins with it: each call is a new life. */
  create(): PwmDriver;
  /** An output that is free, and one that the controller has not. */
  readonly device: string;
  readonly channel: number;
  readonly missingChannel: number;
  /** What the output does, seen past the driver. */
  observe(): Promise<Signal & { isOn: boolean; polarity?: string }>;
  /** Takes the controller away, and gives back what brings it again. Left out where nothing can be unplugged. */
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

export function conformance(name: string, open: () => Promise<PwmBench>): void {
  describe(`[K11] the pwm driver on ${name}`, () => {
    const on = eachOnBench(open, pwmDriver);
    const grant = (more: Partial<PwmChannelGrant> = {}) => ({
      device: on.bench.device,
      channel: on.bench.channel,
      periodNs: { min: 100_000, max: 20_000_000 },
      ...more,
    });
    const connect = (more: Partial<PwmChannelGrant> = {}, component = "fan") =>
      on.driver.connect("channel", { grant: grant(more), component });

    test("has the output off until it is set, then does what was asked, longer and shorter", async () => {
      const { client } = connect();
      expect((await client.read()).isOn).toBe(false);
      // Each step would be refused by a controller that is told one half of it too early.
      for (const signal of [
        { periodNs: 1_000_000, dutyNs: 250_000 },
        { periodNs: 20_000_000, dutyNs: 15_000_000 },
        { periodNs: 200_000, dutyNs: 200_000 },
        { periodNs: 1_000_000, dutyNs: 0 },
      ]) {
        await client.set(signal);
        expect(await on.bench.observe()).toMatchObject({ ...signal, isOn: true });
        expect(await client.read()).toEqual({ ...signal, isOn: true });
      }
      await client.off();
      expect((await on.bench.observe()).isOn).toBe(false);
    });

    test("[K9] keeps to the granted periods and to the granted part of one", async () => {
      const { client } = connect({ maxDutyPercent: 50 });
      await client.set({ periodNs: 1_000_000, dutyNs: 500_000 });
      for (const signal of [
        { periodNs: 99_999, dutyNs: 1 },
        { periodNs: 20_000_001, dutyNs: 1 },
        { periodNs: 1_000_000, dutyNs: 500_001 },
      ])
        await expect(client.set(signal)).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
      const tooLong = client.set({ periodNs: 1_000_000, dutyNs: 1_000_001 });
      await expect(tooLong).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
      expect(await on.bench.observe()).toMatchObject({ periodNs: 1_000_000, dutyNs: 500_000, isOn: true });
    });

    test("puts the output off when its client goes, and gives it to the next", async () => {
      const first = connect();
      await first.client.set({ periodNs: 1_000_000, dutyNs: 250_000 });
      first.leave();
      await expect.poll(async () => (await on.bench.observe()).isOn).toBe(false);
      const next = connect({}, "other");
      await next.client.set({ periodNs: 2_000_000, dutyNs: 1 });
      expect((await on.bench.observe()).isOn).toBe(true);
    });

    test("gives it its declared safe signal before its client says anything, and when the client goes", async () => {
      const safe = { periodNs: 20_000_000, dutyNs: 1_500_000 };
      const servo = connect({ safe });
      await servo.client.read();
      expect(await on.bench.observe()).toMatchObject({ ...safe, isOn: true });
      await servo.client.set({ periodNs: 20_000_000, dutyNs: 2_000_000 });
      servo.leave();
      await expect.poll(async () => (await on.bench.observe()).dutyNs).toBe(safe.dutyNs);
    });

    test("puts off what a life that was killed left on, before it is ready", async () => {
      await connect().client.set({ periodNs: 1_000_000, dutyNs: 250_000 });
      const next = await on.start();
      expect((await on.bench.observe()).isOn).toBe(false);
      await next.stop();
    });

    test("has its declared safe signal from before it is ready, also where a life that was killed left another", async () => {
      const safe = { periodNs: 20_000_000, dutyNs: 1_500_000 };
      await connect({ safe }).client.set({ periodNs: 20_000_000, dutyNs: 2_000_000 });
      const next = await on.start({ channel: [{ component: "servo", name: "peer", grant: grant({ safe }) }] });
      expect(await on.bench.observe()).toMatchObject({ ...safe, isOn: true });
      await next.stop();
    });

    test("refuses an output that another client has, and leaves it as it is", async () => {
      await connect().client.set({ periodNs: 1_000_000, dutyNs: 250_000 });
      const other = connect({}, "other");
      await expect(other.client.off()).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      other.leave();
      await connect({}, "third")
        .client.read()
        .catch(() => {});
      expect((await on.bench.observe()).isOn).toBe(true);
    });

    test("says of an output, or of a controller, that is not there that it is absent", async () => {
      const absent = { code: "DEVICE_ABSENT" };
      await expect(connect({ channel: on.bench.missingChannel }).client.read()).rejects.toMatchObject(absent);
    });

    test("says so while the controller is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const { client } = connect();
      await client.set({ periodNs: 1_000_000, dutyNs: 250_000 });
      const plug = await on.bench.unplug();
      await expect(client.set({ periodNs: 1_000_000, dutyNs: 1 })).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      await client.set({ periodNs: 1_000_000, dutyNs: 300_000 });
      expect(await on.bench.observe()).toMatchObject({ dutyNs: 300_000, isOn: true });
    });
  });
}
