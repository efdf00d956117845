/**
 * The root server's side of the uplink: its rules, which follow the gateway's address and the board's resolvers, and the questions
 * that it has asked for the network server. It believes an address to be one that a gateway may have, and no more.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Answer, GatewayStatus, Provisioning, ToComponent, ToRoot } from "@bulkhead/protocol";
import { type ApplyOptions, applySteps, runWithin } from "../apply.ts";
import { tunnelInterface, type UplinkPlan } from "../firewall.ts";
import { uplinkStep } from "../plan.ts";
import { endpointChanges } from "../tunnel/configuration.ts";
import { mayBeGateway } from "./address.ts";
import { createNewest } from "./newest.ts";
import { readResolvers } from "./resolvers.ts";

type Message = { [K in "resolve" | "gateway"]: { readonly kind: K; readonly body: ToRoot[K] } }["resolve" | "gateway"];

export type Uplink = {
  /** As the rules stand; another object after each change. */
  plan(): UplinkPlan;
  /** Absent where the device was told an address. */
  status(): GatewayStatus | undefined;
  /** What the network server wants. */
  hear(message: Message): void;
  /** A new interface of the tunnel lies in the router: the kernel's does not know where the gateway is. */
  attached(): Promise<void>;
  stop(): void;
};

type Options = ApplyOptions & {
  readonly provisioning: Provisioning;
  /** As its rules stand. */
  readonly first: UplinkPlan;
  /** Addresses, or a file as a DHCP client writes it. */
  readonly resolvers: string | readonly string[];
  readonly resolverUid: number | null;
  readonly ask: (question: { name: string; resolvers: string[] }) => Promise<Answer>;
  readonly tell: <K extends "resolved" | "uplink">(kind: K, body: ToComponent[K]) => void;
  /** The network server wants what it may not want; `what` it did, after its name. */
  readonly onRefused: (what: string) => void;
  /** The state has other things to show. */
  readonly onChange: () => void;
  readonly log: (text: string) => void;
};

/** What changes this machine's network; tests keep theirs from it. */
type Tools = { readonly applySteps: typeof applySteps; readonly runWithin: typeof runWithin };

/** The network server waits longer than this between two questions. */
const leastBetweenMs = 2_000;

/** Of a board whose first rules stand (`planNetwork`). */
export function createUplink(options: Options, tools: Tools = { applySteps, runWithin }): Uplink {
  const { provisioning, first, tell, log, onChange } = options;
  const { host, port } = provisioning.kms.endpoint;
  const stopping = new AbortController();
  let plan = first;
  let status: GatewayStatus | undefined =
    first.names === null
      ? undefined
      : { name: host, address: null, from: null, askedAtMs: null, answer: [], failure: null };
  let isAsking = false;
  let askedMs = Number.NEGATIVE_INFINITY;
  let work: Promise<void> = Promise.resolve();

  async function namesNow(): Promise<NonNullable<UplinkPlan["names"]>> {
    return { resolvers: await readResolvers(options.resolvers), uid: options.resolverUid };
  }

  /** One after the other: the rules are always those of one plan. */
  function inTurn(task: () => Promise<void>): Promise<void> {
    work = work.then(() => (stopping.signal.aborted ? undefined : task())).catch((error: Error) => log(error.message));
    return work;
  }

  async function follow(next: UplinkPlan): Promise<void> {
    if (JSON.stringify(next) === JSON.stringify(plan)) return;
    await tools.applySteps([uplinkStep(next)], options);
    plan = next;
  }

  async function ask(resolvers: readonly string[]): Promise<Answer> {
    if (resolvers.length === 0) return { addresses: [], failure: "this board knows no resolver" };
    return options.ask({ name: host, resolvers: [...resolvers] });
  }

  async function resolve(): Promise<void> {
    await delay(Math.max(0, askedMs + leastBetweenMs - performance.now()), undefined, { signal: stopping.signal });
    const names = await namesNow();
    await inTurn(() => follow({ ...plan, names }));
    const answer = await ask(names.resolvers).finally(() => {
      // Also of one that fails: who wants it again at once has root start a process each time.
      askedMs = performance.now();
    });
    if (!stopping.signal.aborted) tell("resolved", answer);
  }

  async function point(): Promise<void> {
    const { gateway } = plan;
    if (gateway === null) return;
    // Of wireguard-go's interface `wg` says that it cannot, and the network server does it.
    for (const change of endpointChanges(tunnelInterface, provisioning, gateway)) {
      await tools.runWithin("router", ["wg", ...change], options).catch(() => undefined);
    }
    tell("uplink", { gateway: gateway.address });
  }

  // Also where it is the same: whoever says so may be a network server that was started again. It may say so 50 times a
  // second, and each takes a few processes of root's.
  const lead = createNewest<string>(inTurn, async (address) => {
    await follow({ ...plan, gateway: { address, port } });
    await point();
  });

  /** What of a message the network server may not say: it is held to the same rules that it keeps itself. */
  function refusalOf(message: Message): string | undefined {
    if (status === undefined) return `sent ${message.kind}, and the device was told the gateway's address`;
    const address = message.kind === "gateway" ? message.body.address : null;
    return address === null || mayBeGateway(address, provisioning) ? undefined : `named ${address} as the gateway`;
  }

  function take(body: ToRoot["gateway"]): void {
    const { address } = body;
    status = { name: host, ...body };
    onChange();
    if (address === null) return;
    lead(address);
  }

  function askOnce(): void {
    if (isAsking) return;
    isAsking = true;
    void resolve()
      .catch(
        (error: Error) => stopping.signal.aborted || log(`the gateway's name cannot be asked for: ${error.message}`),
      )
      .finally(() => {
        isAsking = false;
      });
  }

  return {
    plan: () => plan,
    status: () => status,
    hear(message) {
      const refusal = refusalOf(message);
      if (refusal !== undefined) options.onRefused(refusal);
      else if (message.kind === "gateway") take(message.body);
      else askOnce();
    },
    attached: () => (status === undefined ? Promise.resolve() : inTurn(point)),
    stop: () => stopping.abort(),
  };
}
