import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPty } from "../../drivers/serial/testing/pty.ts";
import { openConsole } from "./console.ts";
import { openPower } from "./power.ts";

test("[K19] a bench keeps what the board's console says, also when the cable is pulled, and can type", async () => {
  const pty = await openPty();
  const console = await openConsole({ path: pty.path, speed: 115_200 });
  pty.send("U-Boot 2025.01\r\n");
  await expect.poll(() => console.text()).toContain("U-Boot 2025.01");
  await console.write("printenv\r");
  await expect.poll(() => pty.received()).toContain("printenv");
  await pty.unplug();
  await expect.poll(() => console.text()).toMatch(/U-Boot[\s\S]*\[the console ended: /);
  await console.close();
});

test("[K19] a bench switches power by its own program, whose arguments no shell reads, and says what that said", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-power-"));
  const file = join(directory, "relay; $(state)");
  const power = openPower({
    power: { on: ["tee", file], off: ["false"], boundMs: 10_000 },
  });
  await power?.on();
  expect(await readFile(file, "utf8")).toBe("");
  await expect(power?.off()).rejects.toMatchObject({ code: "STATION_FAILED" });
  await rm(directory, { recursive: true });
  expect(openPower({ power: undefined })).toBeUndefined();
});
