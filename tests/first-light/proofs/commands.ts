/** 9: components and the whole runtime restart from the KMS; the KMS dies and comes back while the device goes on. */
import { kill } from "node:process";
import { isDeepStrictEqual } from "node:util";
import { gatewayClient } from "@bulkhead/kms";
import type { CrashRecord } from "@bulkhead/protocol";
import { formatCrash } from "../../../studio/src/device/format-crashes.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { isAlive as isRunning, processesBelow } from "../processes.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

const startBudgetMs = 5_000;

export const commandsProof: Proof = {
  title: "components and runtime restart from the KMS; the KMS dies and comes back while the device goes on",
  async prove(light) {
    const crash = await newestCrash(light);
    const facts = [await restartComponent(light), await restartRuntime(light), ...(await loseKms(light))];
    return [...facts, await keptCrash(light, crash)];
  },
};

/** What crashes on purpose has left a record. */
function newestCrash(light: FirstLight): Promise<CrashRecord> {
  return eventually("the record of a crash", 30_000, async () =>
    (await light.client.crashes(light.deviceId)).crashes?.find(({ component }) => component === "moisture"),
  );
}

/** The KMS keeps none: what it shows now, the device has told it since. */
async function keptCrash(light: FirstLight, before: CrashRecord): Promise<Fact> {
  const shown = await eventually("the record from before all that", 15_000, async () =>
    (await light.client.crashes(light.deviceId)).crashes?.find(({ atMs }) => atMs === before.atMs),
  ).catch(() => undefined);
  // As `bulkhead device crashes` shows it.
  const text = formatCrash(shown ?? before, Date.now());
  const [stack] = /^ {2}.*on purpose.*$/m.exec(text) ?? [];
  const isWhole = isDeepStrictEqual(shown, before) && stack !== undefined && /^memory: .*MiB/m.test(text);
  return fact(isWhole, `the record of a crash from before is shown still, with its limits and its stack: "${stack}"`);
}

async function restartComponent(light: FirstLight): Promise<Fact> {
  const before = await light.component("climate");
  const answer = await light.command({ kind: "restart-component", component: "climate" });
  const after = await eventually("climate to be ready again", 15_000, async () => {
    const now = await light.component("climate");
    return now.incarnation > before.incarnation && now.state === "ready" ? now : undefined;
  });
  return fact(
    answer.state === "done",
    `restart climate: ${answer.state}; incarnation ${before.incarnation} → ${after.incarnation}: "${after.lastReason?.text}"`,
  );
}

async function restartRuntime(light: FirstLight): Promise<Fact> {
  const before = await light.processOf("serial-server");
  const answer = await light.command({ kind: "restart-runtime" });
  await eventually("the runtime to end", 40_000, async () => !isRunning(before.pid) || undefined);
  const endedAtMs = Date.now();
  // What the KMS has of before names processes by their numbers there, which others have now.
  const after = await eventually("the runtime to come back", 40_000, async () => {
    if ((await light.status()).atMs < endedAtMs) return undefined;
    return light.processOf("serial-server").catch(() => undefined);
  });
  const status = await light.untilReady();
  return fact(
    answer.state === "done" && after.pid !== before.pid,
    `restart runtime: ${answer.state}; all ${status.components.length} components are ready again, release ${status.release.releaseCounter} as before`,
  );
}

async function loseKms(light: FirstLight): Promise<Fact[]> {
  const { running, world } = light;
  const gateway = gatewayClient(running.paths.gatewaySocket);
  const received = async () =>
    (await gateway.status()).peers.find(({ publicKey }) => publicKey === running.provisioning.tunnelKey)?.rx ?? 0;
  const climate = await light.processOf("climate");
  const newest = (await light.lines()).at(-1);
  await running.kms.kill();
  const killedAtMs = Date.now();
  const [bytes, alive] = [await received(), (await processesBelow(world.pid)).length];
  await eventually(
    "the device to be heard in the tunnel while there is no KMS",
    20_000,
    async () => (await received()) > bytes || undefined,
  );
  const still = (await processesBelow(world.pid)).some(({ pid }) => pid === climate.pid);
  const databaseLives = isAlive(running.postgres.pid());
  const startedAt = performance.now();
  await running.kms.restart();
  const startMs = Math.round(performance.now() - startedAt);
  const backAtMs = Date.now();
  await light.untilReady();
  const missed = await eventually("what the device wrote meanwhile", 15_000, async () => {
    const lines = (await light.lines()).filter(
      ({ id, atMs }) => id > (newest?.id ?? 0) && atMs >= killedAtMs && atMs <= backAtMs,
    );
    return lines.length > 0 ? lines : undefined;
  });
  return [
    fact(databaseLives, "KMS killed: its database lives"),
    fact(
      still && alive > 0,
      `the device goes on: climate is still process ${climate.pid}, the tunnel still carries packets`,
    ),
    fact(
      startMs <= startBudgetMs,
      `KMS started again in ${(startMs / 1000).toFixed(1)} s (at most ${startBudgetMs / 1000} s)`,
    ),
    fact(missed.length > 0, `reconnected, and ${missed.length} console lines from the time without a KMS arrived`),
  ];
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
}
