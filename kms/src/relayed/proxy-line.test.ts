import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseProxyLine, readProxyLine } from "./proxy-line.ts";

const line = "PROXY TCP6 fd00::5 fd00::1 40000 7001";

describe("[M5] the line that names a relayed connection's source", () => {
  it("gives the source and leaves every byte after it, however the bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        async (rest, cuts) => {
          const bytes = Buffer.concat([Buffer.from(`${line}\r\n`), rest]);
          const chunks: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(bytes.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(bytes.subarray(at));
          const stream = Readable.from(
            chunks.filter(({ length }) => length > 0),
            { objectMode: false },
          );
          expect(await readProxyLine(stream, 5000)).toBe("fd00::5");
          expect(Buffer.concat(await stream.toArray())).toEqual(Buffer.from(rest));
        },
      ),
    );
  });

  it.each([
    "PROXY TCP4 10.0.0.1 10.0.0.2 1 2",
    "PROXY UNKNOWN",
    "PROXY TCP6 evil fd00::1 1 2",
    "PROXY TCP6 fd00::5 fd00::1 1",
    "PROXY TCP6 fd00::5 fd00::1 1 2 3",
    "PROXY  TCP6 fd00::5 fd00::1 1 2",
    "GET / HTTP/1.1",
    "",
  ])("refuses %s", (text) => {
    expect(() => parseProxyLine(text)).toThrow(expect.objectContaining({ code: "PROTOCOL_INVALID" }));
  });

  it("does not wait for ever, nor read for ever", async () => {
    const silent = new Readable({ read() {} });
    await expect(readProxyLine(silent, 10)).rejects.toMatchObject({ code: "PROTOCOL_INVALID" });
    const endless = Readable.from(Array<string>(50).fill("PROXY "), { objectMode: false });
    await expect(readProxyLine(endless, 5000)).rejects.toMatchObject({ code: "PROTOCOL_INVALID" });
    const ended = Readable.from(["PROXY TCP6"], { objectMode: false });
    await expect(readProxyLine(ended, 5000)).rejects.toMatchObject({ code: "PROTOCOL_INVALID" });
  });
});
