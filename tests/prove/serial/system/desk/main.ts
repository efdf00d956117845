/** Reads what is typed at its port, line by line, and answers there; opens it anew when its driver was away. */
import { setTimeout } from "node:timers/promises";
import { serialPortInterface } from "@bulkhead/drivers/serial/interface";
import { defineComponent } from "@bulkhead/sdk";

const settings = { speed: 9600, dataBits: 8, parity: "none", stopBits: 1, flow: "none" } as const;

export const component = defineComponent({
  uses: { port: serialPortInterface },
  start({ uses: { port }, log }) {
    let typed = "";

    async function take(data: Uint8Array): Promise<void> {
      typed += Buffer.from(data).toString("latin1");
      for (let end = typed.indexOf("\r"); end >= 0; end = typed.indexOf("\r")) {
        const line = typed.slice(0, end);
        typed = typed.slice(end + 1);
        log.info("typed", { line });
        await port.write({ data: new Uint8Array(Buffer.from(`heard ${JSON.stringify(line)}\r\n`)) });
      }
    }

    async function serve(): Promise<void> {
      await port.open(settings, { deadlineMs: 5_000 });
      await port.write({ data: new Uint8Array(Buffer.from("at the desk\r\n")) });
      for await (const { data } of port.input()) await take(data);
    }

    void (async () => {
      for (;;) {
        await serve().catch(() => undefined);
        await setTimeout(100);
      }
    })();
  },
});
