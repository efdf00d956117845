import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { component as panel } from "./guide/panel/main.ts";
import { component as probe } from "./guide/probe/main.ts";

const example = join(import.meta.dirname, "guide");
const page = join(import.meta.dirname, "../../docs/guide/channels.md");

describe("docs/guide/channels.md", () => {
  test.each(["manifest.yaml", "gauge.ts", "probe/main.ts", "panel/main.ts"])("shows %s as it is", async (name) => {
    expect(await readFile(page, "utf8")).toContain((await readFile(join(example, name), "utf8")).trim());
  });

  test("[K3] its components do what it says", async () => {
    const provider = await startComponent(probe, { uses: {} });
    const { client } = provider.connect("gauge", { grant: { mayCalibrate: true } });
    const started = await startComponent(panel, { uses: { gauge: client } });
    const lines = started.lines.join();
    expect(lines).toMatch(/calibrated.*20000/);
    expect(lines).toContain("60003");
    // Unit tests have no shared memory; tests/channels/channels.spec.ts does.
    expect(lines).toContain("IPC_LEASE_INVALID");
  });
});
