/** Tries every channel once and says what it met as one line of JSON; then says whenever a channel changes. */
import { readdirSync } from "node:fs";
import { type Client, defineComponent } from "@bulkhead/sdk";
import { store } from "../store.ts";

const periodMs = 20;

export const component = defineComponent({
  uses: { plain: store, listed: store, inspected: store, shared: store },
  start({ uses, onStop }) {
    void probe(uses).then((met) => console.log(JSON.stringify(met)));
    const stops = [watch("plain", uses.plain), watch("inspected", uses.inspected)];
    onStop(() => {
      for (const stop of stops) stop();
    });
  },
});

type Store = Client<typeof store>;
const codeOf = (error: unknown) => (error as { code?: string }).code ?? String(error);
const code = (work: Promise<unknown>) => work.then(() => "ok", codeOf);

async function probe({ plain, listed, inspected, shared }: Record<"plain" | "listed" | "inspected" | "shared", Store>) {
  const wait = { deadlineMs: 10_000 };
  const met: Record<string, unknown> = { sees: readdirSync("/run/ipc/uses").sort() };
  met["plain"] = await code(plain.write(1, wait));
  met["listed"] = [await code(listed.read(null, wait)), await code(listed.write(2))];
  met["inspected"] = [await code(inspected.read(null, wait)), await code(inspected.write(2))];
  let counted = 0;
  for await (const _ of inspected.count(5_000)) counted++;
  met["counted"] = counted;
  const burst = await Promise.all(Array.from({ length: 200 }, () => code(inspected.read())));
  met["limited"] = burst.filter((one) => one === "IPC_RATE_LIMITED").length;
  met["turned"] = await shared.channel.lease.use(200_000, async (piece) => {
    piece.write(Uint8Array.from({ length: 200_000 }, (_, i) => (i === 0 ? 9 : 1)));
    const sum = await shared.turn(piece.handle, wait);
    return [sum, piece.read().at(-1)];
  });
  met["grown"] = await shared.spoil(null, wait);
  met["cutOff"] = await code(shared.channel.lease.use(100_000, async (piece) => piece.read()));
  met["stillThere"] = await code(shared.read());
  return met;
}

/** Writes `<name> up` and `<name> down`; asks again and again, and writes `<name> <what it met>` when that is another than before. */
function watch(name: string, client: Store): () => void {
  let last = "";
  client.channel.onPeer(({ up }) => console.log(`${name} ${up ? "up" : "down"}`));
  const timer = setInterval(async () => {
    const met = await code(client.read(null, { deadlineMs: 1_000 }));
    if (met === last || met === "IPC_RATE_LIMITED") return;
    last = met;
    console.log(`${name} ${met}`);
  }, periodMs);
  return () => clearInterval(timer);
}
