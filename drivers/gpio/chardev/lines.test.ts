/** What the kernel answers and tells, as bytes; the kernel itself is on the emulated boards. */
import { describe, expect, test } from "vitest";
import { SystemCallError } from "../../system-calls.ts";
import { openLines } from "./lines.ts";
import { decodeEvent, eventBytes } from "./uapi.ts";

describe("[K11] lines of the character device", () => {
  test("edges are counted on past what the kernel's number can hold", () => {
    const event = new Uint8Array(eventBytes);
    const sequenceOf = (kernels: number) => {
      new DataView(event.buffer).setUint32(20, kernels, true);
      return decodeEvent(event, 0).sequence;
    };
    expect([1, 2].map(sequenceOf)).toEqual([0, 1]);
    expect([0xffff_ffff, 0, 1].map(sequenceOf)).toEqual([0xffff_fffe, 0xffff_ffff, 0]);
  });

  test("a line without an interrupt cannot be watched, and is there all the same", async () => {
    const answer = (code: number) => () => {
      throw new SystemCallError("ioctl", code);
    };
    const watchOf = (code: number) => {
      const ioctl = Object.assign(answer(code), { prepare: () => answer(code) });
      const createPoller = () => ({ poll() {}, close() {} });
      const lines = openLines(-1, ["P1"], [4], { direction: "in" }, { ioctl, createPoller });
      return lines.watch(
        "both",
        () => {},
        () => {},
      );
    };
    const [ENXIO, ENODEV] = [6, 19];
    await expect(watchOf(ENXIO)).rejects.toMatchObject({
      code: "DEVICE_FAILED",
      message: expect.stringMatching(/interrupt/),
    });
    await expect(watchOf(ENODEV)).rejects.toMatchObject({ code: "GPIO_GONE" });
  });
});
