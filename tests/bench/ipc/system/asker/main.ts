/** Measures once after its start and writes the result as one line of JSON. */
import { defineComponent } from "@bulkhead/sdk";
import { measureCalls, measureTransfers } from "../../measure.ts";
import { echo } from "../echo.ts";

const items = 50_000;

export const component = defineComponent({
  uses: { plain: echo, inspected: echo, shared: echo },
  start({ uses: { plain, inspected, shared } }) {
    const smallOf = (client: typeof plain) => (sequence: number) =>
      client.small({ sequence, label: "a-thermometer-in-a-barn", value: 21.5 });
    const bulk = new Uint8Array(65_536).fill(7);
    const { lease } = shared.channel;
    const leased = () =>
      lease.use(bulk.length, async ({ handle, write }) => {
        write(bulk);
        await shared.shared(handle);
      });
    async function stream(): Promise<number> {
      const start = performance.now();
      for await (const _ of plain.readings(items));
      return (items / (performance.now() - start)) * 1000;
    }
    async function measure() {
      return {
        plain: { ...(await measureCalls(smallOf(plain))), transfers: await measureTransfers(() => plain.large(bulk)) },
        lease: { transfers: await measureTransfers(leased) },
        inspected: await measureCalls(smallOf(inspected)),
        stream: { itemsPerSecond: await stream() },
      };
    }
    measure().then(
      (result) => console.log(JSON.stringify({ result })),
      (error: Error) => console.log(JSON.stringify({ error: error.stack })),
    );
  },
});
