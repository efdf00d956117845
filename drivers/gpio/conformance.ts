/**
 * What every GPIO back-end does alike: one suite for `simulated` (with the unit tests) and for the two of Linux (on emulated boards, and on
 * benches with wires).
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Edge, GpioDriver, LineSettings, Lines, PinLevel } from "./driver.ts";

/** What is around the back-end. `inputs` and `output` are pins of one controller, `elsewhere` is an input of another. */
export type GpioBench = {
  readonly driver: GpioDriver;
  readonly pins: { readonly inputs: readonly [string, string]; readonly output: string; readonly elsewhere: string };
  /** A pin whose line the controller does not have; null: pins have no lines. */
  readonly beyond: string | null;
  /** Drives an input from outside. */
  drive(pin: string, level: PinLevel): Promise<void>;
  /** What an output gives to the outside. */
  sense(pin: string): Promise<PinLevel>;
  /**
   * Pins are driven from another machine, which does not stand still while the kernel is late: of `both` edges the kernel reads the level when it
   * serves them, so the next change waits until the last one is seen.
   */
  readonly isApart?: boolean;
  /** Another program takes the pin; returns how it gives it back. */
  occupy(pin: string): Promise<() => Promise<void>>;
  /** The controller of `inputs` and `output` goes, and comes back; null: this one cannot. */
  readonly plug: { out(): Promise<void>; in(): Promise<void> } | null;
  close(): Promise<void>;
};

export const asInput: LineSettings = { direction: "in" };
export const asOutput = (safe: PinLevel): LineSettings => ({ direction: "out", safe, drive: "push-pull" });
const ignore = (): void => {};

/** `open` makes a bench with nothing claimed. */
export function conformance(name: string, open: () => Promise<GpioBench>): void {
  let bench: GpioBench;
  let claimed: Lines[];
  beforeEach(async () => {
    bench = await open();
    claimed = [];
  });
  afterEach(async () => {
    for (const lines of claimed) await lines.release();
    await bench.close();
  });
  const claim = async (pins: readonly string[], settings: LineSettings): Promise<Lines> => {
    const lines = await bench.driver.claim(pins, settings);
    claimed.push(lines);
    return lines;
  };
  const watch = async (pins: readonly string[], edges: "rising" | "falling" | "both") => {
    const lines = await claim(pins, asInput);
    const seen: Edge[] = [];
    await lines.watch(edges, (edge) => seen.push(edge), ignore);
    return { lines, seen };
  };
  /** One change after the other, each seen before the next where the driver itself has to see them, or the kernel may be late. */
  const toggle = async (pin: string, times: number, isSeen: (done: number) => boolean) => {
    for (let done = 1; done <= times; done += 1) {
      await bench.drive(pin, done % 2 === 1 ? 1 : 0);
      if (bench.driver.stamps === "driver" || bench.isApart)
        await expect.poll(() => isSeen(done), { interval: 2 }).toBe(true);
    }
  };

  describe(`[K11] gpio lines, ${name}`, () => {
    test.each([0, 1] as const)("an output begins at its safe level %i, and follows what is written", async (safe) => {
      const { output } = bench.pins;
      const lines = await claim([output], asOutput(safe));
      await expect.poll(() => bench.sense(output)).toBe(safe);
      for (const level of [1, 0, 1] as const) {
        await lines.write([level]);
        await expect.poll(() => bench.sense(output)).toBe(level);
        expect(await lines.read()).toEqual([level]);
      }
    });

    test("an input reads what is driven, and takes no level", async () => {
      const [pin] = bench.pins.inputs;
      const lines = await claim([pin], asInput);
      for (const level of [1, 0, 1] as const) {
        await bench.drive(pin, level);
        expect(await lines.read()).toEqual([level]);
      }
      await expect(lines.write([0])).rejects.toMatchObject({ code: "DEVICE_FAILED" });
      expect(await lines.read()).toEqual([1]);
    });

    test.each([
      ["rising", [1, 1]],
      ["falling", [0, 0]],
      ["both", [1, 0, 1, 0]],
    ] as const)("tells %s edges alone, and none after that", async (edges, levels) => {
      const [pin, marker] = bench.pins.inputs;
      await bench.drive(pin, 0);
      await bench.drive(marker, 0);
      const { lines, seen } = await watch([pin, marker], edges);
      const ofPin = () => seen.filter((edge) => edge.pin === pin);
      const expected = (done: number) =>
        edges === "both" ? done : Math.floor((done + (edges === "rising" ? 1 : 0)) / 2);
      await toggle(pin, 4, (done) => ofPin().length >= expected(done));
      await expect.poll(() => ofPin().map(({ level }) => level)).toEqual(levels);
      await lines.watch("none", ignore, ignore);
      await bench.drive(pin, 1);
      await lines.watch("both", (edge) => seen.push(edge), ignore);
      await bench.drive(marker, 1);
      await expect.poll(() => seen.filter((edge) => edge.pin === marker).length).toBe(1);
      expect(ofPin()).toHaveLength(levels.length);
    });

    test("counts and stamps 400 edges of one pin, and loses none", async () => {
      const [pin] = bench.pins.inputs;
      await bench.drive(pin, 0);
      const { seen } = await watch([pin], "both");
      await toggle(pin, 400, (done) => seen.length >= done);
      await expect.poll(() => seen.length).toBe(400);
      expect(seen.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 400 }, (_, index) => index));
      expect(seen.map(({ level }) => level)).toEqual(
        Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 1 : 0)),
      );
      const times = seen.map(({ timeUs }) => timeUs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      // The clock of all processes, so that a client can tell how old an edge is.
      const ageUs = Number(process.hrtime.bigint() / 1000n) - (times.at(-1) ?? 0);
      expect(ageUs).toBeGreaterThanOrEqual(0);
      expect(ageUs).toBeLessThan(60e6);
    });

    test("takes several pins together, and tells them apart", async () => {
      const [first, second] = bench.pins.inputs;
      await bench.drive(first, 0);
      await bench.drive(second, 1);
      const { lines, seen } = await watch([first, second], "both");
      expect(await lines.read()).toEqual([0, 1]);
      await bench.drive(second, 0);
      await expect.poll(() => seen).toMatchObject([{ pin: second, level: 0 }]);
      await lines.release();
      const outputs = await claim([second, first], asOutput(0));
      await outputs.write([1, 0]);
      await expect.poll(() => bench.sense(second)).toBe(1);
      await expect.poll(() => bench.sense(first)).toBe(0);
      expect(await outputs.read()).toEqual([1, 0]);
    });

    test("a pin has one user, and is free when that one gives it back", async () => {
      const { output, inputs } = bench.pins;
      const lines = await claim([output], asOutput(0));
      await lines.write([1]);
      const busy = { code: "GPIO_LINE_BUSY" };
      await expect(claim([output], asInput)).rejects.toMatchObject(busy);
      // Nothing of a claim that fails stays.
      await expect(claim([inputs[0], output], asInput)).rejects.toMatchObject(busy);
      expect(await lines.read()).toEqual([1]);
      await lines.release();
      await expect(lines.read()).rejects.toMatchObject({ code: "GPIO_GONE" });
      await claim([inputs[0], output], asInput);
    });

    test("a pin that another program has is busy until it is given back", async () => {
      const { output } = bench.pins;
      const leave = await bench.occupy(output);
      await expect(claim([output], asOutput(0))).rejects.toMatchObject({ code: "GPIO_LINE_BUSY" });
      await leave();
      await claim([output], asOutput(0));
    });

    test("says which pins there are not", async () => {
      const { inputs, elsewhere } = bench.pins;
      if (bench.beyond === null) return;
      const unknown = { code: "GPIO_LINE_UNKNOWN" };
      await expect(claim(["NOT_A_PIN"], asInput)).rejects.toMatchObject(unknown);
      await expect(claim([bench.beyond], asInput)).rejects.toMatchObject(unknown);
      await expect(claim([inputs[0], elsewhere], asInput)).rejects.toMatchObject(unknown);
    });

    test("a controller that goes is told, disturbs no other, and is used again when it is back", async () => {
      if (bench.plug === null) return;
      const { inputs, output, elsewhere } = bench.pins;
      const other = await watch([elsewhere], "both");
      await bench.drive(elsewhere, 0);
      const watched = await claim([inputs[0]], asInput);
      const driven = await claim([output], asOutput(0));
      let gone = 0;
      await watched.watch("both", ignore, () => (gone += 1));
      await bench.plug.out();
      await expect.poll(() => gone).toBe(1);
      const isGone = { code: "GPIO_GONE" };
      await expect(watched.read()).rejects.toMatchObject(isGone);
      await expect(driven.write([1])).rejects.toMatchObject(isGone);
      await expect(claim([inputs[1]], asInput)).rejects.toMatchObject(isGone);
      await bench.drive(elsewhere, 1);
      await expect.poll(() => other.seen.at(-1)?.level).toBe(1);
      await watched.release();
      await driven.release();

      await bench.plug.in();
      await bench.drive(inputs[0], 0);
      const again = await watch([inputs[0]], "both");
      await bench.drive(inputs[0], 1);
      await expect.poll(() => again.seen).toMatchObject([{ level: 1, sequence: 0 }]);
      const outputAgain = await claim([output], asOutput(1));
      await expect.poll(() => bench.sense(output)).toBe(1);
      await outputAgain.release();
    });
  });
}
