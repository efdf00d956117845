import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import type { SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { bunVersion } from "../../scripts/setup/bun.mjs";
import { bootManifest } from "./device.ts";
import { hasRust } from "./rust-station.ts";
import { hasVirtualMachine } from "./virtual-machine.ts";
import { withoutStations } from "./without-stations.ts";

const root = join(import.meta.dirname, "../..");
const stations = ["c", "rust", "vm", "worker", "bun", "erlang", "elixir", "last"];

/** Whether Bun was fetched; throws where it is required and was not. */
function hasBun(): boolean {
  const isThere = existsSync(join(root, `.cache/runtimes/bun-${bunVersion}/bun`));
  if (!isThere && process.env["BULKHEAD_BUN"] === "required")
    throw new Error("BULKHEAD_BUN=required, but there is none");
  return isThere;
}

const missing = [...(hasRust() ? [] : ["rust"]), ...(hasVirtualMachine() ? [] : ["vm"]), ...(hasBun() ? [] : ["bun"])];

describe("[K10] the system polyglot, a component per runner", () => {
  let world: SpecWorld;
  let first: ReturnType<SpecWorld["console"]>;

  beforeAll(async () => {
    world = await bootManifest(await withoutStations(join(root, "manifests/polyglot/manifest.yaml"), missing));
    await world.line(/generation 1 .* (starts|is on trial)/);
    first = world.console("first");
  });
  afterAll(async () => {
    first?.close();
    await cleanUpAll();
  });

  test("a token goes through all of them and comes back", async () => {
    const line = await until(
      () => first.lines.find((text) => /round \d+: first/.test(text)),
      "a round that came back",
    ).catch((error: Error) => {
      throw new Error(`${error.message}; ${first.lines.join("\n")}; ${world.lines.join("\n")}`);
    });
    const trail = ["first", ...stations.filter((name) => !missing.includes(name))];
    expect(line).toMatch(new RegExp(`round \\d+: ${trail.join(" ")}$`));
  });

  const said = (what: string) =>
    until(() => first.lines.find((line) => line.includes(` ${what}`)), `what first says of ${what}`);

  test("streams go through all of them, both ways, in order and whole", async () => {
    expect(await said("down")).toMatch(/info down: 100 items$/);
    expect(await said("up")).toMatch(/info up: 100 items$/);
  });

  test("a text goes from one to the next in shared memory, where they have some, and comes back", async () => {
    const half = missing.includes("rust") ? "c" : "c rust";
    expect(await said("shared memory:")).toMatch(new RegExp(`: first ${half}$`));
    expect(await said("shared memory, second half")).toMatch(/: first erlang elixir last$/);
  });

  for (const name of ["rust", "vm", "bun"]) {
    // So that a run without it says so.
    test.skipIf(missing.includes(name))(`${name} is among them`, () =>
      expect(first.lines.join()).toContain(` ${name} `),
    );
  }
});
