import { expect, test } from "vitest";
import { readWish } from "./arguments.ts";

const wish = (...argv: string[]) => readWish(["--config", "/c.json", ...argv]);
const common = { config: "/c.json", component: "climate" };

test("[K2] a port, a socket or gdb's own arguments are what they look like", () => {
  expect(wish("attach", "climate", "--inspector")).toEqual({ ...common, kind: "inspector", listen: 9229 });
  expect(wish("attach", "climate", "--inspector", "--listen", "/run/x")).toMatchObject({ listen: "/run/x" });
  expect(wish("attach", "climate", "--gdb", "--", "-batch", "--ex")).toEqual({
    ...common,
    kind: "gdb",
    rest: ["-batch", "--ex"],
  });
  expect(wish("import", "/media/x.bulkhead")).toEqual({
    ...{ config: "/c.json", kind: "import", file: "/media/x.bulkhead", json: false, digest: null },
  });
  const digest = "a".repeat(64);
  expect(wish("import", "/media/x.bulkhead", "--digest", digest)).toMatchObject({ digest });
  expect(wish("import", "/media/x.bulkhead", "--digest", digest.toUpperCase())).toMatchObject({ digest });
  expect(wish("record", "climate", "--out", "r", "--for", "3")).toEqual({
    ...common,
    kind: "record",
    out: "r",
    maxBytes: null,
    forMs: 3000,
  });
});

test("[K2] [M11] what a person names in another root is looked for there: from its beginning, or from where the person is", () => {
  const outside = (...argv: string[]) => wish("--outside", "/proc/1/root", "--directory", "/media/stick", ...argv);
  expect(outside("import", "x.bulkhead")).toMatchObject({ file: "/proc/1/root/media/stick/x.bulkhead" });
  expect(outside("import", "/mnt/x")).toMatchObject({ file: "/proc/1/root/mnt/x", config: "/c.json" });
  expect(outside("import", "../../../x")).toMatchObject({ file: "/proc/1/root/x" });
  expect(outside("record", "climate", "--out", "r")).toMatchObject({ out: "/proc/1/root/media/stick/r" });
  expect(outside("attach", "climate", "--inspector", "--listen", "/run/x")).toMatchObject({
    listen: "/proc/1/root/run/x",
  });
  expect(outside("attach", "climate", "--inspector")).toMatchObject({ listen: 9229 });
});

test.each([
  [["attach", "climate"], "say either --inspector or --gdb"],
  [["attach", "climate", "--gdb", "--inspector"], "say either --inspector or --gdb"],
  [["attach", "../climate", "--gdb"], "is not the name of a component"],
  [["attach", "climate", "more", "--gdb"], "more is one argument too many"],
  [["attach", "climate", "--inspector", "--listen", "0.0.0.0:1"], "neither a port nor an absolute path"],
  [["record", "climate"], "--out is missing"],
  [["record", "climate", "--out", "r", "--max", "-1"], "max"],
  [["import"], "which file?"],
  [["import", "a", "b"], "b is one argument too many"],
  [["import", "a", "--digest", "abc"], "64 hexadecimal digits"],
  [["import", "a", "--max", "3"], "import has no --max"],
  [["attach", "climate", "--gdb", "--digest", "a".repeat(64)], "attach has no --digest"],
  [["record", "climate", "--out", "r", "--json"], "record has no --json"],
  [["look", "climate"], 'there is no "look"'],
  [["attach", "climate", "--gdb", "--root"], "--root"],
])("[K2] %j is misuse, and says of what", (argv, why) => {
  expect(() => wish(...argv)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining(why) }),
  );
});

test("[K2] without the root server's configuration nothing is done", () => {
  expect(() => readWish(["attach", "climate", "--gdb"])).toThrow("--config is missing");
});
