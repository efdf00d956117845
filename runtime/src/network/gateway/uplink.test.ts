/** What the network server may say of the uplink, and what it may not; the rules themselves are names.spec.ts's. */
import type { Answer, GatewayStatus } from "@bulkhead/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { firstUplink } from "../firewall.ts";
import { provisioningWith } from "../testing/fixtures.ts";
import { createUplink, type Uplink } from "./uplink.ts";

let uplink: Uplink | undefined;
afterEach(() => {
  uplink?.stop();
  vi.useRealTimers();
});

const found: Answer = { addresses: [{ address: "192.0.2.7", ttlSeconds: 60 }], failure: null };
const report = (address: string | null): Omit<GatewayStatus, "name"> => ({
  ...{ address, from: address === null ? null : ("answer" as const), askedAtMs: 1, answer: [], failure: null },
});

/** Of a board that knows its gateway by `host`. Its tools only write down what they are to do: the rules of this machine stay as they are. */
function bench(host = "gw.example.com", resolvers: readonly string[] = ["192.0.2.53"]) {
  const provisioning = provisioningWith({ kms: { endpoint: { host, port: 51820 } } });
  const first = firstUplink(provisioning);
  const seen = {
    ...{ refused: [] as string[], told: [] as unknown[][], asked: [] as unknown[], log: [] as string[], changes: 0 },
    /** Rules, and words for `wg`, in their order. */
    done: [] as string[],
  };
  let answer: (what: Answer | Error) => void = () => undefined;
  const options = {
    provisioning,
    first: { ...first, names: first.names && { resolvers: ["192.0.2.53"], uid: null } },
    ...{ toolsUid: null, resolvers, resolverUid: null },
    ask(question: unknown) {
      seen.asked.push(question);
      return new Promise<Answer>((resolve, reject) => {
        answer = (what) => (what instanceof Error ? reject(what) : resolve(what));
      });
    },
    tell: (...what: unknown[]) => void seen.told.push(what),
    onRefused: (what: string) => void seen.refused.push(what),
    onChange: () => void seen.changes++,
    log: (text: string) => void seen.log.push(text),
  };
  const made = createUplink(options, {
    applySteps: async (steps) => void seen.done.push(...steps.map(({ input }) => input)),
    runWithin: async (_namespace, argv) => {
      seen.done.push(argv.join(" "));
      throw new Error("the interface is wireguard-go's");
    },
  });
  uplink = made;
  return { ...{ seen, provisioning }, uplink: made, answer: (what: Answer | Error) => answer(what) };
}

const patience = { timeout: 10_000, interval: 5 };
/** What is due at once has happened: a timer that is set now ends after one that was to end before. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test("[K13] where the device was told an address, the network server has nothing to ask and nowhere to lead", async () => {
  const { uplink, seen } = bench("192.0.2.10");
  expect(uplink.status()).toBeUndefined();
  uplink.hear({ kind: "resolve", body: {} });
  uplink.hear({ kind: "gateway", body: report("192.0.2.66") });
  await settled();
  expect(seen).toMatchObject({ asked: [], told: [], changes: 0 });
  expect(seen.refused).toEqual([
    "sent resolve, and the device was told the gateway's address",
    "sent gateway, and the device was told the gateway's address",
  ]);
  expect(uplink.plan().gateway).toEqual({ address: "192.0.2.10", port: 51820 });
});

test.each(["127.0.0.1", "224.0.0.251", "fe80::1", "fd12:3456:789a:1::1"])(
  "[K13] an uplink is not opened to %s, and whoever names it is judged",
  async (address) => {
    const { uplink, seen } = bench();
    uplink.hear({ kind: "gateway", body: report(address) });
    await settled();
    expect(seen).toMatchObject({ refused: [`named ${address} as the gateway`], changes: 0, told: [], done: [] });
    expect([uplink.plan().gateway, uplink.status()?.address]).toEqual([null, null]);
  },
);

test("[K13] what the network server knows of the name is shown, also that it leads nowhere", async () => {
  const { uplink, seen } = bench();
  uplink.hear({ kind: "gateway", body: { ...report(null), failure: "no resolver answered" } });
  await settled();
  expect(uplink.status()).toMatchObject({ name: "gw.example.com", address: null, failure: "no resolver answered" });
  expect([seen.changes, seen.refused, uplink.plan().gateway]).toEqual([1, [], null]);
  expect([seen.done, seen.log]).toEqual([[], []]);
});

test("[K13] the rules are open to the gateway before anybody sends there, and changed only where it is another", async () => {
  const { uplink, seen } = bench();
  const lead = async (address: string, times: number) => {
    uplink.hear({ kind: "gateway", body: report(address) });
    await vi.waitFor(() => expect(seen.told).toHaveLength(times), patience);
  };
  await lead("192.0.2.7", 1);
  const pointed = [expect.stringMatching(/^wg .* endpoint 192\.0\.2\.7:51820/), expect.stringMatching(/^wg .* 15$/)];
  expect(seen.done).toEqual([expect.stringContaining("ip daddr 192.0.2.7 udp dport 51820 accept"), ...pointed]);
  // Who says so again may be a network server that was started again.
  await lead("192.0.2.7", 2);
  expect(seen.done.slice(3)).toEqual(pointed);
  await lead("192.0.2.8", 3);
  expect(seen.done[5]).toContain("ip daddr 192.0.2.8 ");
  expect(seen.done[5]).not.toContain("192.0.2.7");
  expect(seen.told).toEqual(["7", "7", "8"].map((end) => ["uplink", { gateway: `192.0.2.${end}` }]));
  await uplink.attached();
  expect(seen.done).toHaveLength(10);
});

test("[K13] another resolver of the board is let through before it is asked", async () => {
  const { uplink, seen } = bench("gw.example.com", ["198.51.100.53"]);
  uplink.hear({ kind: "resolve", body: {} });
  await vi.waitFor(() => expect(seen.asked).toHaveLength(1), patience);
  expect(seen.done).toEqual([expect.stringContaining("ip daddr 198.51.100.53")]);
});

test("[K13] the name that the device was told is asked for, and no other; once, however often the network server wants it", async () => {
  const { uplink, seen, answer } = bench();
  for (let times = 0; times < 50; times++) uplink.hear({ kind: "resolve", body: {} });
  await vi.waitFor(() => expect(seen.asked).toHaveLength(1), patience);
  answer(found);
  await vi.waitFor(() => expect(seen.told).toEqual([["resolved", found]]), patience);
  // And not again at once.
  uplink.hear({ kind: "resolve", body: {} });
  await settled();
  expect(seen.asked).toEqual([{ name: "gw.example.com", resolvers: ["192.0.2.53"] }]);
  uplink.stop();
  await settled();
  expect([seen.asked.length, seen.log]).toEqual([1, []]);
});

test("[K13] a board that knows no resolver asks nobody, and says so", async () => {
  const { uplink, seen } = bench("gw.example.com", []);
  uplink.hear({ kind: "resolve", body: {} });
  await vi.waitFor(() => expect(seen.told).toHaveLength(1), patience);
  expect(seen).toMatchObject({
    asked: [],
    told: [["resolved", { addresses: [], failure: "this board knows no resolver" }]],
  });
});

test("[K13] a question that fails is logged, and the next is asked two seconds later, not before", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const { uplink, seen, answer } = bench();
  const fail = async (times: number) => {
    uplink.hear({ kind: "resolve", body: {} });
    await vi.waitFor(() => expect(seen.asked).toHaveLength(times), patience);
    answer(new Error("the asker is gone"));
    await vi.waitFor(() => expect(seen.log).toHaveLength(times), patience);
  };
  await fail(1);
  expect(seen.log).toEqual(["the gateway's name cannot be asked for: the asker is gone"]);
  vi.advanceTimersByTime(2000);
  await fail(2);
  uplink.hear({ kind: "resolve", body: {} });
  await settled();
  expect(seen.asked).toHaveLength(2);
});

test("[K13] an answer that comes when all is over is told to nobody", async () => {
  const { uplink, seen, answer } = bench();
  uplink.hear({ kind: "resolve", body: {} });
  await vi.waitFor(() => expect(seen.asked).toHaveLength(1), patience);
  uplink.stop();
  answer(found);
  await settled();
  expect(seen.told).toEqual([]);
});
