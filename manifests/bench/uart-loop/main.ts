/** Sends bytes to a port whose output comes back, and says how many did. */
import { randomBytes } from "node:crypto";
import { serialPortInterface } from "@bulkhead/drivers/serial/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../../greenhouse/cycle.ts";

const configSchema = z.strictObject({
  speed: z.number().int().default(115_200),
  sizeBytes: z.number().int().min(1).max(1024).default(256),
  periodMs: z.number().int().min(10).default(1000),
  /** What has not come back by then is lost. */
  boundMs: z.number().int().min(10).default(5000),
});

/** How many bytes of `sent` stand at the beginning of `came`. */
export function countAlike(sent: Uint8Array, came: Uint8Array): number {
  const first = sent.findIndex((byte, index) => byte !== came[index]);
  return first === -1 ? sent.length : first;
}

export const component = defineComponent({
  uses: { port: serialPortInterface },
  async start({ uses, config, log, onStop }) {
    const { speed, sizeBytes, periodMs, boundMs } = configSchema.parse(config);
    await uses.port.open({ speed });
    let came = Buffer.alloc(0);
    let tell = () => {};
    const reading = (async () => {
      for await (const { data } of uses.port.input(null)) {
        came = Buffer.concat([came, data]);
        tell();
      }
    })();
    reading.catch((error: unknown) => log.error("the port is gone", { error }));
    onStop(
      startCycle(periodMs, async () => {
        const sent = randomBytes(sizeBytes);
        came = Buffer.alloc(0);
        const startMs = performance.now();
        const back = new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, boundMs);
          tell = () => {
            if (came.length < sizeBytes) return;
            clearTimeout(timer);
            resolve();
          };
        });
        await uses.port.write({ data: Uint8Array.from(sent) });
        await back;
        const tookMs = (performance.now() - startMs).toFixed(1);
        log.info(`${countAlike(sent, came)} of ${sizeBytes} bytes came back in ${tookMs} ms`);
      }),
    );
  },
});
