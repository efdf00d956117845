import { expect, test } from "vitest";
import { createAcknowledgements } from "./acknowledgements.ts";
import { createReceipts } from "./receipts.ts";

const bytes = (text: string) => Buffer.from(text);

/** What has become of each, in their order. */
function watch(...promises: Promise<void>[]): { now(): Promise<string[]> } {
  const states = promises.map(() => "open");
  for (const [index, promise] of promises.entries()) {
    const become = (state: string) => {
      states[index] = state;
    };
    promise.then(
      () => become("arrived"),
      ({ code }: { code: string }) => become(code),
    );
  }
  return {
    async now() {
      await new Promise(setImmediate);
      return [...states];
    },
  };
}

test("[M4] a pong confirms what was sent before its ping, and one that answers no ping confirms nothing", async () => {
  const sent: string[] = [];
  const receipts = createReceipts((payload) => sent.push(payload));
  const asked = watch(receipts.ask(), receipts.ask(), receipts.ask());
  for (const payload of ["", "0", "-1", "2.5", "1e3", "x", " 3", "9".repeat(16), "\u00003"])
    receipts.confirm(bytes(payload));
  expect(await asked.now()).toEqual(["open", "open", "open"]);
  receipts.confirm(bytes(sent[1] ?? ""));
  expect(await asked.now()).toEqual(["arrived", "arrived", "open"]);
  receipts.fail("it was killed");
  expect(await asked.now()).toEqual(["arrived", "arrived", "PEER_GONE"]);
  await expect(receipts.ask()).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("[M4] a connection that takes no ping any more fails who asks, and nobody else", async () => {
  let isBroken = false;
  const receipts = createReceipts(() => {
    if (isBroken) throw new Error("not open");
  });
  const first = watch(receipts.ask());
  isBroken = true;
  await expect(receipts.ask()).rejects.toMatchObject({ code: "PEER_GONE" });
  expect(await first.now()).toEqual(["open"]);
});

test("[K23] what the KMS says that it has stored is that batch and those before it, and nothing that comes later", async () => {
  const acknowledgements = createAcknowledgements();
  const batches = [acknowledgements.next(), acknowledgements.next(), acknowledgements.next()];
  const stored = watch(...batches.map((one) => one.stored));
  for (const batch of [0, -1]) acknowledgements.confirm(batch);
  expect(await stored.now()).toEqual(["open", "open", "open"]);
  acknowledgements.confirm(batches[1]?.batch ?? 0);
  acknowledgements.confirm(batches[0]?.batch ?? 0);
  expect(await stored.now()).toEqual(["arrived", "arrived", "open"]);
  acknowledgements.fail("it was killed");
  expect(await stored.now()).toEqual(["arrived", "arrived", "PEER_GONE"]);
  await expect(acknowledgements.next().stored).rejects.toMatchObject({ code: "PEER_GONE" });
});
