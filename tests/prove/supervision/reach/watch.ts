/** What the management service has of the system, as numbers that must rise by one. */
import type { StudioClient } from "../../../../studio/src/api/client.ts";

/** Of an inspected channel: how often what came of calls. */
export type Asked = { readonly reads: Record<string, number>; readonly resets: Record<string, number> };

export function startWatch(client: StudioClient, deviceId: string) {
  const messages = new Set<number>();
  const look = async () => {
    // The newest sixty of a topic are kept: some twelve seconds.
    const { topics } = await client.telemetry().catch(() => ({ topics: [] }));
    for (const { messages: found } of topics) {
      for (const { payload } of found) messages.add((JSON.parse(payload) as { count: number }).count);
    }
  };
  const looking = setInterval(() => void look(), 2_000);
  const textsOf = async (component: string) =>
    (await client.logs(deviceId, { component, limit: 5_000 })).lines.map(({ text }) => text);

  return {
    textsOf,
    lines: async () => thisLife((await textsOf("sayer")).flatMap((text) => numberIn(/^info line (\d+)$/, text))),
    samples: async () => {
      const { streams } = await client.telemetryOf(deviceId, { limit: 5_000 });
      return thisLife(streams.flatMap(({ points }) => points.map(({ value }) => value)));
    },
    messages: async () => {
      await look();
      return [...messages];
    },
    /** As the client of the inspected channel counted last. */
    asked: async (): Promise<Asked> => {
      const said = (await textsOf("asker")).findLast((text) => text.startsWith("info asked {"));
      return said ? (JSON.parse(said.slice("info asked ".length)) as Asked) : { reads: {}, resets: {} };
    },
    stop: () => clearInterval(looking),
  };
}

export type Watch = ReturnType<typeof startWatch>;

const numberIn = (pattern: RegExp, text: string): number[] => {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? [] : [Number(found)];
};

/** Who says them began anew with the generation. */
const thisLife = (numbers: number[]) => numbers.slice(numbers.lastIndexOf(1));

/** What is not there between the first and the last. */
export function missingIn(numbers: readonly number[]): number[] {
  const found = new Set(numbers);
  const last = Math.max(0, ...numbers);
  const missing: number[] = [];
  for (let number = Math.min(...numbers); number < last; number++) if (!found.has(number)) missing.push(number);
  return missing;
}

export const repeatedIn = (numbers: readonly number[]) => numbers.length - new Set(numbers).size;
