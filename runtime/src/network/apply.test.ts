import { expect, test } from "vitest";
import { parseSettings } from "./apply.ts";

test("a setting is written to its file below /proc/sys", () => {
  expect(parseSettings("net.ipv6.conf.all.forwarding=1\n")).toEqual([
    { path: "/proc/sys/net/ipv6/conf/all/forwarding", value: "1" },
  ]);
});
