import { expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import { simulatedRtc } from "./simulated.ts";

conformance("board virtual", async () => ({
  create: () => simulatedRtc(),
  device: "rtc-1",
  close: async () => {},
}));

test("[K11] a simulated clock has no time before it is set, and says so", async () => {
  await expect(simulatedRtc().read("rtc-1")).rejects.toMatchObject({ code: "RTC_UNSET" });
});
