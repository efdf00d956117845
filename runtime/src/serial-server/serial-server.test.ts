import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createIntake, runtimeSource } from "./intake.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { cutMark, lineText, maxLineLength } from "./line-text.ts";
import { createBucket } from "./rate-limit.ts";
import { createRing, maxReadBytes, type NewLine } from "./ring.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (text: string): NewLine => ({ atMs: 0, component: "climate", stream: "out", text });

describe("[K4] the text of a line", () => {
  test("keeps ordinary text, tabs and other scripts", () => {
    expect(lineText(bytes("fan on at 26.1 °C\t温室 🌱\r"))).toBe("fan on at 26.1 °C\t温室 🌱");
  });

  test("cannot steer a terminal, forge a line or turn the reading direction", () => {
    expect(lineText(bytes("\u001b[2Ja\rb\u0000\u0085\u2028\u202e"))).toBe("\\x1b[2Ja\\x0db\\x00\\x85\\u2028\\u202e");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (data) => {
        const text = lineText(data);
        expect(text).not.toMatch(/(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        expect(text.length).toBeLessThanOrEqual(maxLineLength);
        expect(text).not.toMatch(/\p{Cs}/u);
      }),
    );
  });

  test("replaces invalid UTF-8", () => {
    expect(lineText(Uint8Array.of(0x61, 0xff, 0xc3, 0x62))).toBe("a\ufffd\ufffdb");
  });

  test("says where it was cut", () => {
    expect(lineText(bytes("🌱".repeat(4000)))).toMatch(new RegExp(`🌱${cutMark.replace(/[[\]]/g, "\\$&")}$`, "u"));
    expect(lineText(bytes("short"), true)).toBe(`short${cutMark}`);
  });
});

describe("[K4] splitting a stream into lines", () => {
  test("gives the same lines however the bytes are cut into chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 })), fc.array(fc.nat(9)), (lines, cuts) => {
        const wanted = lines.map((text) => text.replaceAll("\n", ""));
        const data = bytes(wanted.map((text) => `${text}\n`).join(""));
        const splitter = createLineSplitter();
        const got: string[] = [];
        for (let at = 0, i = 0; at < data.length; i += 1) {
          const size = 1 + (cuts[i % Math.max(1, cuts.length)] ?? 3);
          got.push(...splitter.push(data.subarray(at, at + size)).map((l) => new TextDecoder().decode(l.bytes)));
          at += size;
        }
        expect(got).toEqual(wanted.map((text) => text.replace(/^\ufeff/, "")));
        expect(splitter.flush()).toEqual([]);
      }),
    );
  });

  test("cuts a line without end and goes on with the next", () => {
    const splitter = createLineSplitter(8);
    expect(splitter.push(bytes("0123456789".repeat(1000)))).toEqual([]);
    expect(splitter.push(bytes("end\nnext\n"))).toEqual([
      { bytes: bytes("01234567"), isCut: true },
      { bytes: bytes("next"), isCut: false },
    ]);
  });

  test("makes nothing of lines that nobody wants, and forgets how they began", () => {
    const splitter = createLineSplitter();
    expect(splitter.push(bytes("begun"))).toEqual([]);
    const answers = [false, false, true];
    const got = splitter.push(bytes(" here\nrefused\nkept\nunfinished"), () => answers.shift() ?? false);
    expect(got).toEqual([{ bytes: bytes("kept"), isCut: false }]);
    expect(splitter.push(bytes(" still\n"))).toEqual([{ bytes: bytes("unfinished still"), isCut: false }]);
  });
});

describe("[K4] the rate limit", () => {
  test("lets a burst pass, then so many a second, and counts the rest", () => {
    const bucket = createBucket({ perSecond: 10, burst: 5 });
    const takenAt = (nowMs: number, tries: number) =>
      Array.from({ length: tries }, () => bucket.take(nowMs)).filter(Boolean).length;
    expect(takenAt(0, 20)).toBe(5);
    expect(takenAt(1000, 20)).toBe(5);
    expect(takenAt(1300, 20)).toBe(3);
    expect(bucket.takeSuppressed()).toBe(15 + 15 + 17);
    expect(bucket.takeSuppressed()).toBe(0);
  });

  test("never lets more pass than burst plus rate times time, also when the clock stands still or jumps", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 500 })), (steps) => {
        const bucket = createBucket({ perSecond: 20, burst: 3 });
        let now = 0;
        let forwardMs = 0;
        let passed = 0;
        for (const step of steps) {
          now += step;
          forwardMs += Math.max(0, step);
          if (bucket.take(now)) passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(3 + (forwardMs * 20) / 1000);
      }),
    );
  });
});

describe("[K4] the intake of a component", () => {
  function collect(component: string) {
    const lines: NewLine[] = [];
    let nowMs = 0;
    const clock = { timeMs: () => 1_700_000_000_000, monotonicMs: () => nowMs };
    const intake = createIntake(component, (l) => lines.push(l), clock, createBucket({ perSecond: 1, burst: 2 }));
    return { lines, intake, pass: (ms: number) => (nowMs += ms) };
  }

  test("says in one line how many lines of a flood were suppressed", () => {
    const { lines, intake, pass } = collect("intruder");
    intake.accept(bytes("a\n".repeat(100)));
    intake.settle();
    intake.settle();
    pass(1000);
    intake.accept(bytes("b\n"));
    expect(lines.map((l) => [l.stream, l.text])).toEqual([
      ["out", "a"],
      ["out", "a"],
      ["runtime", "98 lines suppressed: more than the console takes"],
      ["out", "b"],
    ]);
  });

  test("does not let one more in because its writer has gone", () => {
    const { lines, intake } = collect("intruder");
    for (let life = 0; life < 10; life += 1) {
      intake.accept(bytes("half a line"));
      intake.flush();
    }
    expect(lines).toHaveLength(2);
  });

  test("marks the runtime's own lines, and no component's", () => {
    const own = collect(runtimeSource);
    own.intake.accept(bytes("started\n"));
    expect(own.lines[0]).toMatchObject({ component: "runtime", stream: "runtime" });
    const other = collect("climate");
    other.intake.accept(bytes("runtime: started"));
    other.intake.flush();
    expect(other.lines[0]).toMatchObject({ component: "climate", stream: "out", text: "runtime: started" });
  });
});

describe("[K4] the ring", () => {
  test("gives a reader every line once, in order, or tells how many it missed", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.constant(null)), { maxLength: 60 }), fc.nat(1000), (acts, first) => {
        const ring = createRing(first, { lines: 10, bytes: 1e6 });
        let written = 0;
        let seen = 0;
        let after = -1;
        const readAll = () => {
          const { lines, dropped } = ring.read(after, 500);
          seen += dropped;
          for (const l of lines) expect(l).toMatchObject({ text: `${seen++}`, sequence: first + seen - 1 });
          after = lines.at(-1)?.sequence ?? after;
        };
        for (const act of acts) {
          for (let i = 0; i < (act ?? 0); i += 1) ring.append(line(`${written++}`));
          if (act === null) readAll();
        }
        readAll();
        expect(seen).toBe(written);
      }),
    );
  });

  test("is bounded by bytes too", () => {
    const ring = createRing(0, { lines: 1000, bytes: 10_000 });
    for (let i = 0; i < 100; i += 1) ring.append(line("x".repeat(900)));
    expect(ring.read(-1, 500)).toMatchObject({ lines: { length: 10 }, dropped: 90 });
  });

  test("answers never more than fits into a frame, and the rest at the next read", () => {
    const ring = createRing(0);
    for (let i = 0; i < 500; i += 1) ring.append(line("é".repeat(2000)));
    const first = ring.read(-1, 500);
    expect(Buffer.byteLength(JSON.stringify(first))).toBeLessThan(maxReadBytes * 1.1);
    expect(ring.read(first.lines.at(-1)?.sequence ?? -1, 500).lines[0]?.sequence).toBe(first.lines.length);
  });

  test("gives everything to a reader that comes with a number of an earlier ring", () => {
    const ring = createRing(5000);
    ring.append(line("a"));
    expect(ring.read(17, 10)).toMatchObject({ lines: [{ sequence: 5000 }], dropped: 0 });
  });

  test("gives nothing to a reader that is ahead", () => {
    const ring = createRing(0);
    ring.append(line("a"));
    expect(ring.read(17, 10)).toEqual({ lines: [], dropped: 0 });
  });
});
