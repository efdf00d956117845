import { brotliDecompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressOnce } from "./compressed.ts";

/** Counts, and takes away nothing: what comes out is as long as what went in. */
function counted(maxBytes: number) {
  const made: string[] = [];
  const compress = compressOnce(async (content) => {
    made.push(content.toString());
    return content;
  }, maxBytes);
  return { made, ask: (text: string) => compress(Buffer.from(text)).then(String) };
}

describe("what devices fetch compressed", () => {
  test("is compressed once for each version, however many ask and whether at once or later", async () => {
    const { made, ask } = counted(1_000_000);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("targets 7")));
    expect(new Set([...answers, await ask("targets 7")])).toEqual(new Set(["targets 7"]));
    await ask("targets 8");
    expect(made).toEqual(["targets 7", "targets 8"]);
  });

  test("is what was there before, when it is opened again", async () => {
    const content = JSON.stringify({ signed: "the same again and again ".repeat(100) });
    const body = await compressOnce()(Buffer.from(content));
    expect(body.length).toBeLessThan(content.length / 5);
    expect(brotliDecompressSync(body).toString()).toBe(content);
  });

  test("is forgotten when others were asked for later and there is no more room", async () => {
    const { made, ask } = counted(2 * 1600);
    const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(1000)) as [string, string, string];
    for (const text of [one, two, one, three, one, two]) await ask(text);
    expect(made).toEqual([one, two, three, two]);
  });

  test("what is still being compressed while others are forgotten is kept and counted as any", async () => {
    const made: string[] = [];
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const compress = compressOnce(async (content) => {
      made.push(String(content[0]));
      if (content[0] === 1) await slow;
      return content;
    }, 2 * 1600);
    const of = (digit: number) => compress(Buffer.alloc(1000, digit));
    const first = of(1);
    for (const digit of [2, 3, 4]) await of(digit);
    finish();
    await first;
    made.splice(0);
    for (const digit of [5, 6, 5, 6]) await of(digit);
    expect(made).toEqual(["5", "6"]);
  });

  test("a failure is the asker's, and the next one has it tried again", async () => {
    let failures = 1;
    const compress = compressOnce(async (content) => {
      if (failures-- > 0) throw new Error("no memory");
      return content;
    });
    await expect(compress(Buffer.from("x"))).rejects.toThrow("no memory");
    expect(String(await compress(Buffer.from("x")))).toBe("x");
  });

  test("whatever is asked for in whatever order, each gets its own", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 8 }), { maxLength: 40 }), async (asked) => {
        const { ask } = counted(3 * 520);
        expect(await Promise.all(asked.map(ask))).toEqual(asked);
      }),
    );
  });
});
