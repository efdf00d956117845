import { expect, test } from "vitest";
import { runningSlot } from "./running.ts";

const digest = "a".repeat(64);

test("[K18] the slot that runs and its base system are what the boot script told the kernel", () => {
  const words = `console=ttyAMA0 panic=5 bulkhead.slot=b bulkhead.root=1:2:3 bulkhead.base=${digest} bulkhead.trial systemd.wants=x\n`;
  expect(runningSlot(words)).toEqual({ slot: "b", other: "a", base: digest, asTrial: true });
  expect(runningSlot("bulkhead.slot=a bulkhead.root=1:2:3")).toEqual({
    ...{ slot: "a", other: "b", base: undefined, asTrial: false },
  });
});

test.each(["", "quiet", "bulkhead.slot=c", "xbulkhead.slot=a", "bulkhead.slot"])(
  "[K18] a kernel that was told %j was started from no slot",
  (words) => expect(runningSlot(words)).toBeNull(),
);
