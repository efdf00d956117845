/**
 * A device that updates itself as long as it lives: the agent's fetching, the verifier's gate and the root server's ledger, the
 * product's own, on a real disk. It says what it has reached, one line each; what it said must outlive it. Arguments: the
 * directory of the device, and the description of its world (`world.ts`).
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToCoreServer, ToRoot } from "@bulkhead/protocol";
import { deploy } from "../../kms-agent/src/fetch/deploy.ts";
import { openStaging } from "../../kms-agent/src/fetch/staging.ts";
import type { Device } from "../../runtime/src/device/index.ts";
import { createActivation } from "../../runtime/src/generations/activation.ts";
import { type Ledger, openLedger } from "../../runtime/src/generations/ledger.ts";
import { outcomeAtGreeting } from "../../runtime/src/generations/outcome-at-greeting.ts";
import { whyBad } from "../../runtime/src/generations/record.ts";
import { chooseOf } from "../../runtime/src/generations/testing/chosen.ts";
import { type Gate, openGate } from "../../runtime/src/verifier/gate.ts";
import type { World } from "./world.ts";

const [root = "", worldFile = ""] = process.argv.slice(2);
const world = JSON.parse(await readFile(worldFile, "utf8")) as World;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const log = { info: () => undefined, warn: (text: string) => say(`warning: ${text}`) };

/** What of a device its ledger looks at. */
const device = {
  config: { dataDir: join(root, "data"), board: "test" },
  paths: { endorsed: join(root, "endorsed") },
  log: { line: (text: string) => say(`warning: ${text}`) },
  slots: null,
} as unknown as Device;

say("begins");
while (await goOn());
say("ends");

/** One start of its root server and its verifier, up to the next release on trial; false where there is none any more. */
async function goOn(): Promise<boolean> {
  const ledger = await openLedger(device);
  const { onTrial } = await chooseOf(ledger);
  if (onTrial) await endTrial(ledger);
  const { gate, asked } = await startVerifier(ledger);
  // What the one before it had endorsed, and of which it had heard nothing when it was killed, comes first.
  for (const one of asked.splice(0)) if (await isAdmitted(ledger, gate, one)) return true;
  const next = world.releases.find(isNext(ledger));
  if (!next) return false;
  await fetchAndEndorse(gate, next);
  const [endorsed] = asked;
  if (endorsed?.releaseDigest !== next.digest) throw new Error(`${next.counter} is not endorsed`);
  say(`endorsed ${next.counter}`);
  return isAdmitted(ledger, gate, endorsed);
}

type Release = World["releases"][number];
type Asked = ToRoot["activate"];

function isNext(ledger: Ledger): (release: Release) => boolean {
  const { current } = ledger.record();
  return ({ counter, digest }) => counter > current.releaseCounter && whyBad(ledger.record(), digest) === undefined;
}

async function endTrial(ledger: Ledger): Promise<void> {
  const { trying } = ledger.record();
  const tried = world.releases.find(({ digest }) => digest === trying?.digest);
  if (!tried) throw new Error("what is tried was never offered");
  say(`tries ${tried.counter} with ${trying?.triesLeft} left`);
  if (tried.isBad) await ledger.rollBackTrial("it is one of the bad ones");
  else await ledger.commitTrial(JSON.parse(await readFile(tried.file, "utf8")));
  say(`${tried.isBad ? "rolled back" : "committed"} ${tried.counter}`);
}

/** As a root server does: what is asked goes to the ledger, and what became of it to the verifier. */
async function isAdmitted(ledger: Ledger, gate: Gate, asked: Asked): Promise<boolean> {
  const outcomes: ToCoreServer["generation"][] = [];
  const running = {
    number: () => ledger.record().current.generation,
    isHeld: () => false,
    shown: () => [],
    tellOutcome: (outcome: ToCoreServer["generation"]) => void outcomes.push(outcome),
    stop: async () => undefined,
  };
  const activation = createActivation(device, ledger, () => undefined);
  const isNow = (await activation.activate(running, asked)) === "choose";
  if (isNow) say(`admitted ${counterOf(asked.releaseDigest)}`);
  for (const outcome of outcomes) await gate.heard(outcome);
  return isNow;
}

function counterOf(wanted: string): number | undefined {
  return world.releases.find(({ digest }) => digest === wanted)?.counter;
}

async function startVerifier(ledger: Ledger): Promise<{ gate: Gate; asked: Asked[] }> {
  const { releaseCounterFloor, current, securityEpochFloor } = ledger.record();
  const asked: Asked[] = [];
  const gate = await openGate({
    directories: { staging: join(root, "staging"), endorsed: join(root, "endorsed"), own: join(root, "verifier") },
    config: {
      ...world.config,
      releaseCounterFloor,
      currentReleaseDigest: current.digest,
      securityEpoch: securityEpochFloor,
    },
    log,
    tellRoot: (kind, body) => {
      if (kind === "activate") asked.push(body as Asked);
    },
  });
  const outcome = outcomeAtGreeting(ledger.record(), false, Date.now());
  if (outcome) await gate.heard(outcome);
  return { gate, asked };
}

async function fetchAndEndorse(gate: Gate, { counter, port, digest, target }: Release): Promise<void> {
  const staging = await openStaging(join(root, "staging"));
  const http = { authority: `127.0.0.1:${port}`, stallMs: 60_000, signal: new AbortController().signal };
  const ports = { http, gate, staging, rootVersion: 1, log: () => undefined };
  const { accepted, code, message } = await deploy({ kind: "deploy", target, releaseDigest: digest }, ports, async () =>
    say(`judged ${counter}`),
  );
  if (!accepted) throw new Error(`${counter} is refused: ${code} ${message}`);
}
