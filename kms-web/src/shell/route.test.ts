import { expect, test } from "vitest";
import { routeOf } from "./route.ts";

test("[M20] a path stands for a page", () => {
  expect(routeOf("/")).toEqual({ page: "devices" });
  expect(routeOf("/devices/d-0123456789abcdef")).toEqual({ page: "device", id: "d-0123456789abcdef" });
});

test("[M20] a path that names no device id is unknown, whatever it holds", () => {
  for (const path of ["/x", "/devices/d-1", "/devices/..%2f", "/devices/d-0123456789abcdef/x"]) {
    expect(routeOf(path)).toEqual({ page: "unknown", path });
  }
});
