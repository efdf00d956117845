/** The serial driver on a UART of the SoC (imx-uart) whose other end, the emulator's, sends back what it hears and can send a break. */
import { basename } from "node:path";
import { expect } from "vitest";
import { thisBoard } from "../../hardware-in-loop/emulated/boards/index.ts";
import { askHost } from "../../hardware-in-loop/emulated/stimulus/ask.ts";
import { firstOf, textOf, unbind } from "../sysfs/testing/board.ts";
import { conformance } from "./conformance.ts";
import { linuxSerial } from "./linux.ts";
import { installedAddon } from "./testing/installed-addon.ts";
import { observeTty } from "./testing/observe.ts";

const board = thisBoard();
const addon = installedAddon();

/** As the kernel counts them. It names a port by where its registers are. */
async function breaksSeen(controller: string): Promise<number> {
  const [base = ""] = controller.split(".");
  const lines = (await textOf("/proc/tty/driver/IMX-uart")).split("\n");
  const line = lines.find((each) => each.toLowerCase().includes(`mmio:0x${base.padStart(8, "0")}`)) ?? "";
  return Number(/ brk:(\d+)/.exec(line)?.[1] ?? 0);
}

conformance("imx-uart", async () => {
  const controller = firstOf("platform", ["30880000.serial", "21ec000.serial"]);
  const node = board.lines.by === "uarts" ? board.lines.uarts.find(({ end }) => end === "loop")?.node : undefined;
  if (node === undefined) throw new Error(`${board.name} has no UART that sends back what it hears`);
  return {
    create: () => linuxSerial(addon, "/dev"),
    ...{ port: basename(node), absent: "ttymxc9" },
    observe: () => observeTty(node),
    async sendBreak() {
      const before = await breaksSeen(controller);
      await askHost().lineBreak("loop");
      await expect.poll(() => breaksSeen(controller)).toBe(before + 1);
    },
    unplug: () => unbind("/sys/bus/platform/drivers/imx-uart", controller),
    close: async () => {},
  };
});
