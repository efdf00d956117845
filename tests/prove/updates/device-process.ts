/**
 * A device that updates itself as long as it lives: the agent's fetching, the verifier's gate and the root server's ledger, the
 * product's own, on a real disk. It says what it has reached, one line each; what it said must outlive it. Arguments: the
 * directory of the device, and the description of its world (`world.ts`).
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deploy } from "../../../kms-agent/src/fetch/deploy.ts";
import { openStaging } from "../../../kms-agent/src/fetch/staging.ts";
import type { Device } from "../../../runtime/src/device/index.ts";
import { type Ledger, openLedger } from "../../../runtime/src/generations/ledger.ts";
import { whyBad } from "../../../runtime/src/generations/record.ts";
import { chooseOf } from "../../../runtime/src/generations/testing/chosen.ts";
import { openGate } from "../../../runtime/src/verifier/gate.ts";
import type { World } from "./world.ts";

const [root = "", worldFile = ""] = process.argv.slice(2);
const world = JSON.parse(await readFile(worldFile, "utf8")) as World;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const log = { info: () => undefined, warn: (text: string) => say(`warning: ${text}`) };

say("begins");
for (;;) {
  const ledger = await openLedger({
    config: { dataDir: join(root, "data"), board: "test" },
    paths: { endorsed: join(root, "endorsed") },
    log: { line: (text: string) => say(`warning: ${text}`) },
    slots: null,
  } as unknown as Device);
  const { onTrial } = await chooseOf(ledger);
  if (onTrial) await endTrial(ledger);
  const next = world.releases.find(isNext(ledger));
  if (!next) break;
  const digest = await fetchAndEndorse(ledger, next);
  say(`endorsed ${next.counter}`);
  await ledger.admit(digest);
  say(`admitted ${next.counter}`);
}
say("ends");

type Release = World["releases"][number];

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

async function fetchAndEndorse(ledger: Ledger, { counter, port, digest, target }: Release): Promise<string> {
  const staging = await openStaging(join(root, "staging"));
  let activated = "";
  const gate = await openGate({
    directories: { staging: join(root, "staging"), endorsed: join(root, "endorsed"), own: join(root, "verifier") },
    config: {
      ...world.config,
      releaseCounterFloor: ledger.record().releaseCounterFloor,
      currentReleaseDigest: ledger.record().current.digest,
      securityEpoch: ledger.record().securityEpochFloor,
    },
    log,
    tellRoot: (_, body) => {
      if ("releaseDigest" in body) activated = body.releaseDigest;
    },
  });
  const http = { authority: `127.0.0.1:${port}`, stallMs: 60_000, signal: new AbortController().signal };
  const ports = { http, gate, staging, rootVersion: 1, log: () => undefined };
  const { accepted, code, message } = await deploy({ kind: "deploy", target, releaseDigest: digest }, ports, async () =>
    say(`judged ${counter}`),
  );
  if (!accepted || activated !== digest) throw new Error(`${counter} is refused: ${code} ${message}`);
  return activated;
}
