/**
 * The network server's side of a gateway that is known by name: asks the root server for the name, tells it where to let through,
 * and has the tunnel sent there. What is decided is `search.ts`'s.
 */
import { isIP } from "node:net";
import { type Answer, answerSchema, type GatewayStatus, type Provisioning, toCoreServer } from "@bulkhead/protocol";
import type { Context } from "@bulkhead/sdk";
import type { Endpoint } from "../tunnel/configuration.ts";
import { mayBeGateway } from "./address.ts";
import { readKept, writeKept } from "./kept.ts";
import { beginSearch, hurry, nextStep, type Search, takeAnswer } from "./search.ts";

export type Gateway = {
  /** Where it is, as far as that is known when the tunnel is made. */
  readonly first: Endpoint | null;
  /** To be called often while no tunnel stands. `isStanding`: the gateway was heard of lately. */
  look(isStanding: boolean): Promise<void>;
  /** The board's addresses are others than before. */
  moved(): void;
  /** `aim`: sends the tunnel to an address that the uplink lets through by then. */
  follow(aim: (endpoint: Endpoint) => Promise<void>): void;
};

/** What came of asking last; `answer`: when something of use came last. */
type Last = { readonly atMs: number; readonly failure: string | null; readonly answer: string[] };

type Means = Pick<Context, "log" | "root"> & { readonly provisioning: Provisioning; readonly directory: string };

/** The gateway of `provisioning`: where it says, or looked for by its name. */
export async function openGateway(means: Means): Promise<Gateway> {
  const { endpoint } = means.provisioning.kms;
  if (isIP(endpoint.host) === 0) return seek(means, await readKept(means.directory, endpoint.host));
  const nothing = { look: async () => undefined, moved: () => undefined, follow: () => undefined };
  return { first: { address: endpoint.host, port: endpoint.port }, ...nothing };
}

function seek({ log, root, provisioning, directory }: Means, stored: string | null): Gateway {
  const { host: name, port } = provisioning.kms.endpoint;
  const kept = stored !== null && mayBeGateway(stored, provisioning) ? stored : null;
  let search = beginSearch(kept, performance.now());
  let last: Last | null = null;
  let written = kept;
  let wasStanding = false;

  function tell(): void {
    root.tellRoot("gateway", { ...describeAim(search), ...describeLast(search, last) });
  }

  function take(next: Search): void {
    for (const address of next.vain.filter((one) => !search.vain.includes(one)))
      log.warn(describeVain(address, name, next));
    search = next;
  }

  root.hear("resolved", answerSchema, (answer) => {
    const usable = withoutImpossible(answer, provisioning);
    const answered = usable.addresses.map(({ address }) => address);
    last = {
      atMs: Date.now(),
      failure: usable.failure,
      answer: usable.failure === null ? answered : (last?.answer ?? []),
    };
    take(takeAnswer(search, usable, Math.random(), performance.now()));
    const found = answered.join(", ");
    if (usable.failure === null) log.info(`${name} is ${found}`);
    else log.warn(`${name} was asked for in vain: ${usable.failure}`);
    void look(wasStanding);
    tell();
  });

  async function look(isStanding: boolean): Promise<void> {
    wasStanding = isStanding;
    const step = nextStep(search, isStanding, performance.now());
    const hadVain = search.vain.length;
    take(step.search);
    if (step.ask) root.tellRoot("resolve", {});
    if (step.aim !== null || step.search.vain.length !== hadVain) tell();
    if (!isStanding || search.kept === null || search.kept === written) return;
    written = search.kept;
    await writeKept(directory, name, search.kept);
    tell();
  }

  if (kept !== null) void look(false);
  return {
    first: kept === null ? null : { address: kept, port },
    look,
    moved() {
      search = hurry(search, performance.now());
    },
    follow(aim) {
      root.hear("uplink", toCoreServer.uplink, ({ gateway }) => void aim({ address: gateway, port }));
    },
  };
}

/** What a resolver says and no gateway can be is left out, and told where nothing else is left. */
export function withoutImpossible(answer: Answer, provisioning: Pick<Provisioning, "kms">): Answer {
  if (answer.failure !== null) return { addresses: [], failure: answer.failure };
  const addresses = answer.addresses.filter(({ address }) => mayBeGateway(address, provisioning));
  if (addresses.length > 0) return { addresses, failure: null };
  const said = answer.addresses.map(({ address }) => address).join(", ") || "nothing";
  return { addresses: [], failure: `the answer, ${said}, is no address that a gateway can have`.slice(0, 200) };
}

function describeAim({ aim, answer }: Search): Pick<GatewayStatus, "address" | "from"> {
  if (aim === null) return { address: null, from: null };
  return { address: aim.address, from: answer.includes(aim.address) ? "answer" : "kept" };
}

function describeLast({ vain }: Search, last: Last | null): Pick<GatewayStatus, "askedAtMs" | "answer" | "failure"> {
  const deaf = vain.length > 0 ? `nobody with the gateway's key answers at ${vain.join(", ")}` : null;
  const failure = [last?.failure ?? null, deaf].filter((one) => one !== null).join("; ");
  return {
    askedAtMs: last?.atMs ?? null,
    answer: last?.answer ?? [],
    failure: failure === "" ? null : failure.slice(0, 200),
  };
}

function describeVain(address: string, name: string, { answer }: Search): string {
  const why = answer.includes(address) ? `as which ${name} was given` : "where the tunnel stood before";
  return `nobody with the gateway's key answers at ${address}, ${why}`;
}
