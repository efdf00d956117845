import { expect, test } from "vitest";
import { formatBytes } from "./bytes.ts";

test("sizes are told in binary units", () => {
  const told = [0, 512, 1024, 48 * 1024 ** 2, 1.5 * 1024 ** 3, 5000 * 1024 ** 3].map(formatBytes);
  expect(told).toEqual(["0 B", "512 B", "1 KiB", "48 MiB", "1.5 GiB", "5000 GiB"]);
});
