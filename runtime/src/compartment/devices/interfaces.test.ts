import { expect, test } from "vitest";
import { interfaceSteps } from "./interfaces.ts";

const speed = { bitrate: 500_000 };

test("[K11] a CAN interface is moved under the board's name, set while it is down, and brought up", () => {
  expect(interfaceSteps("can", "can-0", speed, "can3")).toEqual([
    { namespace: "uplink", program: "ip", input: "link set can3 down\nlink set can3 netns c-can name can-0\n" },
    {
      namespace: "c-can",
      program: "ip",
      input: "link set can-0 down\nlink set can-0 type can bitrate 500000 restart-ms 100\nlink set can-0 up\n",
    },
  ]);
});

test("[K11] where an earlier start has moved it, it is only set anew; CAN FD has a second speed", () => {
  const [step, ...others] = interfaceSteps("can", "can-1", { ...speed, dataBitrate: 2_000_000 }, undefined);
  expect(others).toEqual([]);
  expect(step?.namespace).toBe("c-can");
  expect(step?.input).toContain("bitrate 500000 dbitrate 2000000 fd on restart-ms 100");
});
