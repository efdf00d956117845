/**
 * Asks resolvers for the addresses of one name, by the c-ares of Node: random numbers and ports, answers that do not fit their
 * question thrown away, TCP where an answer is cut off. It asks for A and AAAA of this name and for nothing else.
 */
import { Resolver } from "node:dns/promises";
import { type Answer, maxAnswers } from "@bulkhead/protocol";
import type { NameQuestion } from "../messages.ts";

type Lookup = Pick<Resolver, "resolve4" | "resolve6">;
type Found = { address: string; ttl: number };

/** A resolver that is silent is given up after 1 s, asked again after another 2 s, and then the next has its turn. */
export const patience = { timeout: 1_000, tries: 2 };

export async function lookUp({ name, resolvers }: NameQuestion, lookup: Lookup = ask(resolvers)): Promise<Answer> {
  const found = await Promise.allSettled([
    lookup.resolve4(name, { ttl: true }) as Promise<Found[]>,
    lookup.resolve6(name, { ttl: true }) as Promise<Found[]>,
  ]);
  const all = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const addresses = all.slice(0, maxAnswers).map(({ address, ttl }) => ({ address, ttlSeconds: boundTtl(ttl) }));
  const reasons = found.flatMap((one) => (one.status === "rejected" ? [describe(one.reason)] : []));
  return {
    addresses,
    failure: addresses.length > 0 ? null : [...new Set(reasons)].join("; ").slice(0, 200) || noAddress,
  };
}

function ask(resolvers: readonly string[]): Lookup {
  const resolver = new Resolver(patience);
  resolver.setServers([...resolvers]);
  return resolver;
}

/** RFC 2181, section 8: 31 bits; a set top bit means zero. */
function boundTtl(ttl: number): number {
  return Number.isInteger(ttl) && ttl >= 0 && ttl <= 0x7fffffff ? ttl : 0;
}

/** Also where an answer is well formed and says nothing, as a chain of names without an end. */
const noAddress = "the name has no address";

const words: Readonly<Record<string, string>> = {
  ENODATA: noAddress,
  ENOTFOUND: "there is no such name",
  ESERVFAIL: "the resolver could not find out (SERVFAIL)",
  EREFUSED: "the resolver refuses to answer",
  EBADRESP: "the answer is malformed",
  EBADNAME: "the answer is malformed",
  EFORMERR: "the resolver does not take the question",
  ETIMEOUT: "no resolver answered",
  ECONNREFUSED: "no resolver could be reached",
};

function describe(reason: unknown): string {
  const code = (reason as NodeJS.ErrnoException | undefined)?.code ?? "";
  return words[code] ?? `the question failed (${code.slice(0, 40)})`;
}
