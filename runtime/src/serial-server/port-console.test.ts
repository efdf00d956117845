import { BulkheadError } from "@bulkhead/protocol";
import { serialPortInterface } from "@bulkhead/sdk";
import { fakeClient } from "@bulkhead/sdk/testing";
import { describe, expect, test, vi } from "vitest";
import { createPortConsole, waitingBytes } from "./port-console.ts";
import type { NewLine } from "./ring.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const line = (text: string): NewLine => ({ atMs: 0, component: "climate", stream: "out", text });
const shown = (text: string) => `1970-01-01T00:00:00.000Z climate ${text}\r\n`;

/** A port whose line is held up while `hold` is set. */
function start(speed = 115_200) {
  const at = { text: "", opened: 0, failed: 0, isAbsent: false, pieces: [] as number[] };
  let release: () => void = () => {};
  let held: Promise<void> | undefined;
  const port = fakeClient(
    serialPortInterface,
    {
      open() {
        if (at.isAbsent) throw new BulkheadError("SERIAL_PORT_ABSENT", "it is unplugged");
        at.opened += 1;
        return null;
      },
      async write({ data }) {
        await held;
        if (at.isAbsent) {
          at.failed += 1;
          throw new BulkheadError("SERIAL_PORT_GONE", "it was unplugged");
        }
        at.pieces.push(data.length);
        at.text += Buffer.from(data).toString();
        return null;
      },
      drain: () => null,
      async *input() {},
    },
    { grant: { port: "ttyS1", speed } },
  );
  const hold = () => {
    held = new Promise((resolve) => {
      release = () => {
        held = undefined;
        resolve();
      };
    });
  };
  return { at, hold, release: () => release(), port, console: createPortConsole(port.client, speed, 1) };
}

describe("[K4] the console on a serial port", () => {
  test("shows every line with time and component, in order, in pieces that fit the line's speed", async () => {
    const { at, console } = start(9600);
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    for (const text of lines) console.append(line(text));
    await vi.waitFor(() => expect(at.text).toBe(lines.map(shown).join("")), patience);
    expect(Math.max(...at.pieces)).toBeLessThanOrEqual(480);
    expect(at.opened).toBe(1);
  });

  test("leaves out what the line does not take, says how much in its place, and keeps nobody waiting", async () => {
    const { at, hold, release, console } = start();
    hold();
    const text = "x".repeat(100);
    for (let i = 0; i < 10_000; i += 1) console.append(line(text));
    release();
    await vi.waitFor(() => expect(at.text).toMatch(/… \d+ lines left out\r\n$/), patience);
    const shownLines = at.text.split("\r\n").filter((one) => one.endsWith(text)).length;
    const leftOut = Number(/… (\d+) lines/.exec(at.text)?.[1]);
    expect(shownLines + leftOut).toBe(10_000);
    expect(shownLines * shown(text).length).toBeLessThanOrEqual(waitingBytes + 1024);
    console.append(line("after"));
    await vi.waitFor(() => expect(at.text.endsWith(`left out\r\n${shown("after")}`)).toBe(true), patience);
  });

  test("loses with a port that fails the piece on its way, tells that in its place, and keeps what comes meanwhile", async () => {
    const { at, hold, release, console } = start();
    hold();
    const early = Array.from({ length: 20 }, (_, i) => line(`${i}`.padStart(100, "x")));
    for (const one of early) console.append(one);
    await vi.waitFor(() => expect(at.opened).toBe(1), patience);
    at.isAbsent = true;
    release();
    await vi.waitFor(() => expect(at.failed).toBeGreaterThan(0), patience);
    const meanwhile = Array.from({ length: 50 }, (_, i) => `meanwhile ${i}`);
    for (const text of meanwhile) console.append(line(text));
    at.isAbsent = false;
    await vi.waitFor(() => expect(at.text).toContain(shown("meanwhile 49")), patience);
    // 137 bytes each: the eighth is cut by the end of the piece and goes with it.
    const kept = early.slice(8).map(({ text }) => shown(text));
    expect(at.text).toBe(["\r\n… 8 lines left out\r\n", ...kept, ...meanwhile.map(shown)].join(""));
    console.stop();
  });

  test("adds up what is lost when the port fails again before it was told", async () => {
    const { at, hold, release, console } = start();
    for (const round of [1, 2, 3]) {
      hold();
      console.append(line(`round ${round}`));
      await vi.waitFor(() => expect(at.opened).toBe(round), patience);
      const before = at.failed;
      at.isAbsent = true;
      release();
      await vi.waitFor(() => expect(at.failed).toBeGreaterThan(before), patience);
      if (round < 3) hold();
      at.isAbsent = false;
    }
    await vi.waitFor(() => expect(at.text).toContain("left out"), patience);
    expect(at.text).toBe("\r\n… 3 lines left out\r\n");
    console.stop();
  });

  test("has no line behind a gap before it has told how large the gap is, however small the line", async () => {
    const { at, hold, release, console } = start();
    hold();
    for (let i = 0; i < 1_000; i += 1) console.append(line("x".repeat(1_000)));
    console.append(line("y"));
    release();
    await vi.waitFor(() => expect(at.text).toMatch(/… \d+ lines left out\r\n$/), patience);
    expect(at.text).not.toContain(shown("y"));
  });

  test("goes on when the port comes back, and when its driver does", async () => {
    const { at, port, console } = start();
    at.isAbsent = true;
    console.append(line("one"));
    at.isAbsent = false;
    await vi.waitFor(() => expect(at.text).toContain(shown("one")), patience);
    port.goDown();
    console.append(line("two"));
    port.comeBack();
    await vi.waitFor(() => expect(at.text).toContain(shown("two")), patience);
    expect(at.opened).toBe(2);
    console.stop();
  });
});
