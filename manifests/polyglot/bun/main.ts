/** A station of the ring, in TypeScript: passes everything on with its name, and answers with what comes back. */
import { defineComponent } from "@bulkhead/sdk";
import { ringInterface } from "../interfaces.ts";
import { readText, writeText } from "../text.ts";

export const component = defineComponent({
  uses: { next: ringInterface },
  provides: { ring: ringInterface },
  start({ uses, provides, component: name, incarnation, log }) {
    const { next } = uses;

    /** `text` with the names of the stations behind, where memory is shared with them. */
    async function stamped(text: string, sizeBytes: number): Promise<string> {
      if (next.channel.lease.sizeBytes === 0) return text;
      return next.channel.lease.use(sizeBytes, async (piece) => {
        writeText(piece, text);
        await next.stamp(piece.handle, { deadlineMs: 1500 });
        return readText(piece);
      });
    }

    provides.ring.serve(({ lease }) => ({
      pass: ({ round, trail }) => next.pass({ round, trail: `${trail} ${name}` }, { deadlineMs: 1500 }),
      async stamp(piece) {
        const place = {
          read: () => lease.read(piece),
          write: (bytes: Uint8Array) => lease.write(piece, bytes),
        };
        writeText(place, await stamped(`${readText(place)} ${name}`, piece.sizeBytes));
        return null;
      },
      down: (args) => next.down(args),
      async up(_, items) {
        const writer = next.up();
        for await (const item of items) await writer.write(item);
        await writer.end();
      },
    }));
    log.info(`${name} is in the ring, incarnation ${incarnation}`, {
      runtime: "Bun" in globalThis ? "bun" : "node",
    });
  },
});
