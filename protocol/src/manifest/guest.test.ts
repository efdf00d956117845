import { describe, expect, test } from "vitest";
import { parseGuest } from "./guest.ts";

const errorsOf = (text: string) => {
  const parsed = parseGuest(text, "guest.yaml");
  return "errors" in parsed ? parsed.errors.map(({ code, place }) => `${code} ${place?.line}:${place?.column}`) : [];
};

describe("[K10] guest.yaml", () => {
  test("says what a guest is beside its program, and all of it has a default", () => {
    expect(parseGuest("{}", "guest.yaml")).toEqual({ guest: { kernel: "debian" } });
    expect(parseGuest("kernel: boot/vmlinuz\nroot: files\n", "guest.yaml")).toEqual({
      guest: { kernel: "boot/vmlinuz", root: "files" },
    });
  });

  test("names nothing outside its folder", () => {
    for (const path of ["/boot/vmlinuz", "../vmlinuz", "a/../../b", "a//b", ".", "..", "a/", ".ssh/key"]) {
      expect([path, errorsOf(`root: ${path}\n`)]).toEqual([path, ["MANIFEST_INVALID_VALUE 1:7"]]);
      expect([path, errorsOf(`kernel: ${path}\n`)]).toEqual([path, ["MANIFEST_INVALID_VALUE 1:9"]]);
    }
  });

  test("holds nothing that nobody reads", () => {
    expect(errorsOf("kernel: debian\nmodules: [fuse]\n")).toEqual([expect.stringContaining("MANIFEST_UNKNOWN_KEY")]);
  });
});
