/** Against folders, and a kernel that only listens. The real one is on the boards. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linuxRtc } from "./linux.ts";

let directory: string;
const asked: { request: number; fields: Int32Array }[] = [];
const rtc = () =>
  linuxRtc({ attributesOf: () => directory, nodeOf: () => join(directory, "node") }, (_, request, argument) => {
    asked.push({ request, fields: new Int32Array(argument.slice().buffer) });
  });
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-rtc-"));
  asked.length = 0;
});
afterEach(() => rm(directory, { recursive: true }));

describe("[K11] the rtc driver's back-end on Linux", () => {
  test("reads whole seconds, and takes nothing else for them", async () => {
    await writeFile(join(directory, "since_epoch"), "1795384380\n");
    expect(await rtc().read("rtc-1")).toBe(1_795_384_380_000);
    await writeFile(join(directory, "since_epoch"), "");
    await expect(rtc().read("rtc-1")).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  });

  test.each(["-86400", "4102444800", "99999999999999999999"])(
    "takes %s seconds for no time, and says what to do",
    async (text) => {
      await writeFile(join(directory, "since_epoch"), `${text}\n`);
      const refused = { code: "DEVICE_FAILED", remedy: expect.stringContaining("battery") };
      await expect(rtc().read("rtc-1")).rejects.toMatchObject(refused);
    },
  );

  test("sets UTC as the kernel's struct rtc_time has it: months from 0, years from 1900", async () => {
    await writeFile(join(directory, "node"), "");
    await rtc().set("rtc-1", Date.UTC(2028, 1, 29, 23, 59, 58));
    expect(asked).toEqual([{ request: 0x4024_700a, fields: Int32Array.of(58, 59, 23, 29, 1, 128, 0, 0, 0) }]);
  });

  test.each(["EACCES", "EPERM"])(
    "says that it may not set a clock where the answer is %s, and what to do",
    async (code) => {
      await writeFile(join(directory, "node"), "");
      const refusing = linuxRtc({ attributesOf: () => directory, nodeOf: () => join(directory, "node") }, () => {
        throw Object.assign(new Error(code), { code });
      });
      const refused = { code: "RTC_NOT_SETTABLE", remedy: expect.stringContaining("hwclock") };
      await expect(refusing.set("rtc-1", 0)).rejects.toMatchObject(refused);
    },
  );

  test("says that a clock which is not there is absent", async () => {
    await expect(rtc().read("rtc-1")).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    await expect(rtc().set("rtc-1", 0)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    expect(asked).toEqual([]);
  });
});
