/** What `check` tells the author of a valid manifest. */
import { expect, test } from "vitest";
import { compileText } from "./boards.ts";

function noticesOf(board: string, components: string, top = "") {
  const text = `system: example\nversion: 1.0.0\nboard: ${board}\n${top}components:\n${components}`;
  const compiled = compileText(text);
  if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
  return compiled.notices.map(({ code, place, message }) => `${code} ${place?.line}:${place?.column} ${message}`);
}

test("[K1] a board that demands everything and a system that asks for nothing less leave nothing to tell", () => {
  expect(noticesOf("beaglebone-black", "  one: { image: ./one }\n")).toEqual([]);
});

test("[K1] what a development board waives is told where the board is named", () => {
  expect(noticesOf("virtual", "  one: { image: ./one }\n")).toEqual([
    "NOTICE_UNSIGNED_COMMANDS 3:1 board `virtual` accepts commands without an operator's signature",
    "NOTICE_LEVELS_MAY_DROP 3:1 on board `virtual` components start with fewer layers of isolation where the host does not offer all",
  ]);
  expect(noticesOf("virtual", "  one: { image: ./one }\n", "unsigned-commands: false\n").length).toBe(1);
});

test("[K1] who shares a process is told with whom, and a group of one is not", () => {
  const worker = (name: string, group: string) =>
    `  ${name}: { image: ./${name}, runner: worker, trust-group: ${group} }\n`;
  const notices = noticesOf("open", worker("a", "x") + worker("b", "x") + worker("c", "y"));
  expect(notices.filter((notice) => notice.startsWith("NOTICE_SHARED_PROCESS"))).toEqual([
    "NOTICE_SHARED_PROCESS 5:36 `a` shares its process with `b`: nothing protects them from each other",
    "NOTICE_SHARED_PROCESS 6:36 `b` shares its process with `a`: nothing protects them from each other",
  ]);
});

test("[K1] a debugger that may be attached is told", () => {
  expect(noticesOf("open", "  one: { image: ./one, attach: [inspector, gdb] }\n")).toContain(
    "NOTICE_DEBUGGER 5:24 `inspector` and `gdb` may be attached to `one`",
  );
});

test("[K10] a guest that the kernel's KVM may run is told of, and what happens on a device without", () => {
  const notice = (kvm: string) =>
    noticesOf("open", `  one: { image: ./one, runner: vm, memory: 160Mi, kvm: ${kvm} }\n`).filter((text) =>
      text.startsWith("NOTICE_KVM"),
    );
  expect(notice("preferred")).toEqual([expect.stringMatching(/run by KVM.* and emulated on a device without it$/)]);
  expect(notice("required")).toEqual([expect.stringMatching(/run by KVM.* and does not start without$/)]);
});

test("[K1] [K11] a driver by package i2c-bus is told of the licence of its machine code, where any is made", () => {
  const i2c = (by: string) => `  i2c: { image: driver:i2c, devices: [i2c-1], config: { interface: ${by} } }\n`;
  const about = (board: string, by: string) =>
    noticesOf(board, i2c(by)).filter((notice) => notice.startsWith("NOTICE_ADD_ON_LICENCE"));
  expect(about("open", "i2c-bus")).toEqual([
    "NOTICE_ADD_ON_LICENCE 5:57 the native part of i2c-bus, which the build compiles for `i2c`, includes code under the GPL (version 2 or later)",
  ]);
  expect(about("open", "i2c-rdwr")).toEqual([]);
});
