/**
 * A root server whose device knows its gateway by name: the resolver as it is installed, in its sandbox, with a network server that
 * believes whatever it is told. What runs is what is written, also while the resolver does.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Behaviour } from "../../runtime/src/asker/names/testing/answers.ts";
import {
  cleanUp,
  cleanUpAll,
  nextName,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "../../runtime/src/root-server/testing/bench.ts";
import { makeDevice, type SpecDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { childrenOf } from "../../runtime/src/sandbox/index.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { openServer } from "./server.ts";

const name = "gw.example.com";
/** Two that are silent keep the resolver waiting for 6 s: twice each, 1 s and then 2 s. */
const resolvers = ["198.51.100.1", "198.51.100.2"];
const gateway = "192.0.2.9";
const uidBase = 700_000;

let device: SpecDevice;
let world: SpecWorld;
let watch: Awaited<ReturnType<typeof watchStatus>>;
/** What the network server says that it was told. */
let said: ReturnType<SpecWorld["console"]>;
let behave: (next: Behaviour) => Promise<void>;
let inWorld: (argv: readonly string[]) => Promise<string>;

beforeAll(async () => {
  device = await makeDevice(nextName(), { network: { fake: "network", core: true } }, uidBase, { name, resolvers });
  cleanUp.push(() => device.remove());
  const program = fileURLToPath(new URL("../../runtime/src/asker/main.ts", import.meta.url));
  await bundle("program", program, join(device.platformDir, "asker", "main.js"));
  await device.installVerify();
  world = startIn(device);
  const [init] = await until(async () => {
    const found = await childrenOf(world.pid);
    return found.length > 0 && found;
  }, "the world");
  const enter = ["nsenter", `--target=${init}`, "--net", "--"];
  inWorld = async ([program = "", ...args]) => (await execa("nsenter", [...enter.slice(1), program, ...args])).stdout;
  // On the board itself, where nobody looks at packets: this is about processes.
  await until(
    () =>
      inWorld(["ip", "address", "add", `${resolvers[0]}/32`, "dev", "lo"]).then(
        () => true,
        () => false,
      ),
    "its network",
  );
  for (const address of resolvers.slice(1)) await inWorld(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
  const server = await openServer(enter, "0.0.0.0");
  cleanUp.push(server.close);
  behave = server.behave;
  watch = await watchStatus(world);
  said = world.console("network");
  cleanUp.push(async () => said.close());
});
afterAll(cleanUpAll);

const answers = () => said.lines.filter((line) => line.startsWith("resolved")).length;
const waits = () => watch.when((status) => stateOf(status, "network")?.state === "ready");
let questions = 1;

const answered = () => until(() => answers() === questions, "an answer");

/** One question at a time: the next, once the last one was answered. */
async function askAgain(): Promise<void> {
  await answered();
  questions += 1;
  process.kill(await world.hostPid(stateOf(await waits(), "network")?.pid), "SIGUSR2");
}

const resolverRuns = async () => {
  const { failed } = await execa("pgrep", ["-u", `${uidBase + 8999}`], { reject: false });
  return !failed;
};

test("[K8] [K23] while the resolver asks, it is looked at as well, and has what it may have", async () => {
  await until(
    async () => {
      if (world.lines.some((line) => /verified: 4 components run as the system says/.test(line))) return true;
      // A busy machine took longer for a look than the resolver for its question.
      if (answers() < questions) return false;
      await askAgain();
      // Two seconds after its last question at the earliest.
      await until(resolverRuns, "the resolver");
      await device.ask("verify");
      return false;
    },
    "a look at the resolver",
    100_000,
  );
  expect(differencesIn(world.lines)).toEqual([]);
  await watch.when(({ gateway: found }) => found?.name === name && found.address === null);
});

test("[K13] an address that the network server names is let through, and nothing else", async () => {
  await answered();
  await behave({ kind: "address", address: gateway });
  await askAgain();
  await answered();
  const { gateway: found } = await watch.when((status) => status.gateway?.address === gateway);
  expect(found).toMatchObject({ name, address: gateway, from: "answer" });
  const rules = await until(async () => {
    const text = await inWorld(["nft", "list", "ruleset"]);
    return text.includes(gateway) && text;
  }, "its rule");
  expect(rules.match(/.*192\.0\.2\.9.*/g)?.map((line) => line.trim())).toEqual([
    `ip saddr ${gateway} udp sport 51820 accept`,
    `ip daddr ${gateway} udp dport 51820 accept`,
  ]);
  expect(rules).toContain(
    `meta skuid ${uidBase + 8999} ip daddr ${resolvers[0]} meta l4proto { tcp, udp } th dport 53 accept`,
  );
  const from = world.lines.length;
  await device.ask("verify");
  await world.line(/verified: 3 components run as the system says/, from);
});

test("[K13] a network server that names an address of the board as the gateway's is ended, and no rule follows it", async () => {
  await answered();
  await behave({ kind: "address", address: "127.0.0.1" });
  await askAgain();
  await world.line(/network named 127\.0\.0\.1 as the gateway; it is restarted/);
  expect(await inWorld(["nft", "list", "ruleset"])).not.toContain("127.0.0.1");
});

/** But for those of a look that saw the resolver come and go again and again, as it does where a look takes longer than it lives. */
function differencesIn(lines: readonly string[]): string[] {
  let isSteady = true;
  return lines.filter((line) => {
    const isDifference = line.includes("not as the system says");
    if (!isDifference) isSteady = !line.includes("not verified: components were started and ended all the time");
    return isSteady && (isDifference || line.includes("not verified"));
  });
}
