/** A board's console on a serial port of the bench: all that it says is kept, for suites and for the report. */
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { loadAddon } from "../../drivers/serial/addon.ts";
import { linuxSerial } from "../../drivers/serial/linux.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";

export type Console = {
  /** All that it has said. */
  text(): string;
  write(text: string): Promise<void>;
  close(): Promise<void>;
};

/** More than any run says; of what floods it the newest stays. */
const mostCharacters = 8 * 1024 * 1024;

/** Opens a port by its path: `/dev/serial/by-id/…` stays the same whatever is plugged in beside it. Throws SERIAL_PORT_ABSENT, SERIAL_PORT_BUSY. */
export async function openConsole({ path, speed }: { path: string; speed: number }): Promise<Console> {
  const driver = linuxSerial(loadAddon(addonFile()), dirname(path));
  const port = await driver.open(basename(path), { speed, dataBits: 8, parity: "none", stopBits: 1, flow: "none" });
  const decoder = new TextDecoder();
  let said = "";
  const reading = (async () => {
    for (;;) {
      const data = await port.read();
      if (data === undefined) return;
      said = (said + decoder.decode(data, { stream: true })).slice(-mostCharacters);
    }
  })().catch((error: unknown) => {
    // A cable that is pulled in the middle of a run: what was said stays, and the report says why there is no more.
    said += `\n[the console ended: ${error instanceof Error ? error.message : error}]\n`;
  });
  return {
    text: () => said,
    write: (text) => port.write(Uint8Array.from(Buffer.from(text))),
    async close() {
      await port.close();
      await reading;
    },
  };
}

const variants: Readonly<Record<string, string>> = {
  x64: "linux-x64/@serialport+bindings-cpp",
  arm64: "linux-arm64/@serialport+bindings-cpp.armv8",
};

function addonFile(): string {
  const variant = variants[process.arch];
  if (variant === undefined) {
    throw new BulkheadError("STATION_FAILED", `a bench on ${process.arch} cannot open serial ports`, {
      remedy: "use x64 or arm64",
    });
  }
  const bindings = createRequire(join(bulkheadDirectory, "drivers/package.json")).resolve(
    "@serialport/bindings-cpp/package.json",
  );
  return join(dirname(bindings), "prebuilds", `${variant}.glibc.node`);
}
