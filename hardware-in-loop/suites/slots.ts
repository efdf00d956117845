/** A release with a base system: fetched by the tunnel, written to the slot that does not run, tried, kept; or left again, with the reason. */
import { expect } from "vitest";
import { z } from "zod";
import type { Suite } from "../suite/suite.ts";
import type { Agent } from "../target/agent.ts";

/** An image is built, some 150 MB go through an emulated tunnel, and the board starts twice or more. */
const boundMs = 900_000;
const needs = ["agent", "base-system", "power-cut"];

const lookedSchema = z.object({ bytes: z.number().positive(), toFetch: z.number().nonnegative() });

/** What the agent says of all artifacts that it has looked for in the slot that runs: how large they are, and how much of them it has to fetch. */
async function lookedFor(agent: Pick<Agent, "logLines">): Promise<z.output<typeof lookedSchema>> {
  const said = /looked for an artifact in the slot that runs (\{.*\})/;
  const found = (await agent.logLines("kms-agent")).flatMap((line) => {
    const fields = said.exec(line)?.[1];
    return fields === undefined ? [] : [lookedSchema.parse(JSON.parse(fields))];
  });
  expect(found).not.toEqual([]);
  const sum = (of: "bytes" | "toFetch") => found.reduce((all, one) => all + one[of], 0);
  return { bytes: sum("bytes"), toFetch: sum("toFetch") };
}

export const suite: Suite = (it) => {
  it(
    "comes up in its other slot with the base system of a new release, and has it after a start",
    { needs, boundMs },
    async (bench, measure) => {
      const target = await bench.target();
      const before = await target.toAgent(bench.within(180_000));
      const next = await target.publishBase?.(false);
      if (next === undefined) throw new Error("the station says `base-system`, and its target makes none");
      const startMs = performance.now();
      const after = await target.agent.deploy(next, bench.within(400_000));
      measure("order to all components ready in the new slot", (performance.now() - startMs) / 1000, { unit: "s" });
      // Of a base system that differs in little, most is in the slot that ran.
      const { bytes, toFetch } = await lookedFor(target.agent);
      measure("of the base system's bytes fetched", (100 * toFetch) / bytes, { unit: "%" });
      expect(toFetch).toBeLessThan(bytes / 2);
      expect(after.base).toMatchObject({ digest: next.base, other: before.base?.digest });
      expect(after.base?.slot).not.toBe(before.base?.slot);
      await expect
        .poll(async () => (await target.agent.status())?.base?.onTrial, { timeout: bench.within(120_000) })
        .toBe(false);
      expect((await target.agent.status())?.update.state).toBe("committed");
      await target.cutPower();
      const again = await target.toAgent(bench.within(180_000));
      expect(again).toMatchObject({ release: { digest: next.digest }, base: { digest: next.base, onTrial: false } });
    },
  );

  it("goes back, with the reason, from a release whose slot does not start", { needs, boundMs }, async (bench) => {
    const target = await bench.target();
    const before = await target.toAgent(bench.within(180_000));
    const next = await target.publishBase?.(true);
    if (next === undefined) throw new Error("the station says `base-system`, and its target makes none");
    await target.agent.order(next, bench.within(400_000));
    const after = await target.agent.judged(next, bench.within(400_000));
    expect(after.update).toMatchObject({ state: "rolled-back" });
    expect(after.update.reason).toMatch(/its base system [0-9a-f]{12} did not start: slot [ab] has used up its tries/);
    expect(after).toMatchObject({ release: before.release, base: { slot: before.base?.slot, onTrial: false } });
    expect(await target.console()).toMatch(/slot [ab] has used up its tries; back to [ab]/);
  });

  it("has the old or the new, and no third, when the plug is pulled in the middle of it", {
    needs,
    boundMs,
  }, async (bench) => {
    const target = await bench.target();
    const before = await target.toAgent(bench.within(180_000));
    const next = await target.publishBase?.(false);
    if (next === undefined) throw new Error("the station says `base-system`, and its target makes none");
    const ordered = target.agent.order(next, bench.within(400_000)).catch(() => undefined);
    const spread = bench.within(60_000);
    for (let cuts = 0; cuts < 4; cuts += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * spread));
      await target.cutPower();
      const now = await target.toAgent(bench.within(180_000));
      const isNew = now.release.digest === next.digest;
      expect(now.release.digest).toBe(isNew ? next.digest : before.release.digest);
      expect(now.base?.digest).toBe(isNew ? next.base : before.base?.digest);
    }
    await ordered;
  });
};
