/** 2: every component is alone in its sandbox, as the host's kernel sees it, and one that tries to get out does not. */
import { readlink } from "node:fs/promises";
import type { ComponentStatus } from "@bulkhead/protocol";
import { z } from "zod";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { type HostProcess, namespaceOf } from "../processes.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

const kinds = ["mnt", "pid", "ipc", "uts", "net"] as const;
/** The one component with a privilege, as the table of the documentation says: CAP_NET_ADMIN (bit 12). */
const privileged: Readonly<Record<string, string>> = { network: "0000000000001000" };
const none = "0000000000000000";

const attemptsSchema = z.object({
  attempts: z.array(z.object({ what: z.string(), how: z.string(), refused: z.boolean(), code: z.string() })),
});

/** What must be among the attempts, refused, by what was tried and on what. */
const demanded = [
  { what: "another component's files", pattern: /^read .*\/view\/(data\/keys|platform\/core)/ },
  { what: "a signal to others", pattern: /^signal others/ },
  { what: "a socket to the outside", pattern: /^connect \(?tcp (?!127)/ },
  { what: "a channel of others", pattern: /^connect .*\/ipc\/.*climate\.(thermometer|fan)/ },
];

export const sandboxProof: Proof = {
  title: "every component runs in its own sandbox, and nothing gets out of one",
  async prove(light) {
    const { components } = await light.status();
    const found = await eventually("every component to live while it is looked at", 15_000, () =>
      // One crashes on purpose, and its dependent goes with it: then all are looked at again.
      lookAt(components, light).catch(() => undefined),
    );
    return [
      ...(await identities(found, light)),
      ...(await namespaces(found)),
      ...filters(found),
      ...limits(components),
      ...(await attempts(light)),
    ];
  },
};

type Found = { name: string; process: HostProcess; namespaces: Record<(typeof kinds)[number], string> };

async function lookAt(components: readonly ComponentStatus[], light: FirstLight): Promise<Found[]> {
  const look = async ({ name }: ComponentStatus): Promise<Found> => {
    const process = await light.processOf(name);
    const entries = kinds.map(async (kind) => [kind, await namespaceOf(process.pid, kind)] as const);
    return { name, process, namespaces: Object.fromEntries(await Promise.all(entries)) as Found["namespaces"] };
  };
  return Promise.all(components.map(look));
}

async function identities(found: readonly Found[], light: FirstLight): Promise<Fact[]> {
  const uids = new Set(found.map(({ process }) => process.uid));
  if (light.running.privilege.kind === "user") {
    return [
      {
        text: `one uid for all (${[...uids].join(", ")}): this user has no range of uids (package uidmap)`,
        holds: uids.size === 1,
        reduced: true,
      },
    ];
  }
  return [
    fact(
      uids.size === found.length && !uids.has(0),
      `${uids.size} components, ${uids.size} uids of their own as the host sees them`,
    ),
  ];
}

async function namespaces(found: readonly Found[]): Promise<Fact[]> {
  const hosts = await Promise.all(kinds.map((kind) => readlink(`/proc/self/ns/${kind}`)));
  const facts = kinds.map(async (kind, index) => {
    const distinct = new Set(found.map((one) => one.namespaces[kind]));
    const holds = distinct.size === found.length && !distinct.has(hosts[index] ?? "");
    return fact(holds, `${kind} namespace: ${distinct.size} of ${found.length} are their own`);
  });
  return Promise.all(facts);
}

function filters(found: readonly Found[]): Fact[] {
  const withCaps = found.filter(({ name, process }) => process.capabilities !== (privileged[name] ?? none));
  const without = (test: (process: HostProcess) => boolean) =>
    found.filter(({ process }) => !test(process)).map(({ name }) => name);
  const unfiltered = without((process) => process.seccomp === 2);
  const gaining = without((process) => process.noNewPrivileges === 1);
  return [
    fact(
      withCaps.length === 0,
      `capabilities: none, but for CAP_NET_ADMIN of network${withCaps.map(({ name, process }) => `; ${name} has ${process.capabilities}`).join("")}`,
    ),
    fact(
      unfiltered.length === 0,
      `seccomp filter on in all${unfiltered.length > 0 ? ` but ${unfiltered.join(", ")}` : ""}`,
    ),
    fact(gaining.length === 0, `no_new_privs on in all${gaining.length > 0 ? ` but ${gaining.join(", ")}` : ""}`),
  ];
}

/** Every component says itself what held it, as the runtime measured it. */
function limits(components: readonly ComponentStatus[]): Fact[] {
  const free = components.filter(({ level }) => level === null || level.cgroup === "none");
  if (free.length === 0) return [fact(true, "memory, processes and processor are limited by a control group in all")];
  const text = `no control group limits ${free.length} of ${components.length}: this user may not make any`;
  return [{ text, holds: free.length === components.length, reduced: true }];
}

async function attempts(light: FirstLight): Promise<Fact[]> {
  const line = await eventually("the intruder to report", 15_000, async () =>
    (await light.lines("intruder")).find(({ text }) => text.includes('{"attempts":')),
  );
  const { attempts: all } = attemptsSchema.parse(JSON.parse(line.text.slice(line.text.indexOf('{"attempts":'))));
  const missing = demanded.filter(({ pattern }) => !all.some((one) => pattern.test(`${one.what} ${one.how}`)));
  return [
    ...all.map(({ what, how, refused, code }) =>
      fact(refused && code !== "", `intruder: ${what} (${how}): ${refused ? code : "SUCCEEDED"}`),
    ),
    fact(
      missing.length === 0,
      `the intruder tried what was asked for${missing.length > 0 ? `, but not ${missing.map(({ what }) => what).join(", ")}` : ""}`,
    ),
  ];
}
