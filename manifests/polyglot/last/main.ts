/** The last station of the ring: what has come so far goes back the whole way; streams begin and end here. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent } from "@bulkhead/sdk";
import { ringInterface } from "../interfaces.ts";
import { readText, writeText } from "../text.ts";

export const component = defineComponent({
  uses: {},
  provides: { ring: ringInterface },
  start({ provides, component: name }) {
    provides.ring.serve(({ lease }) => ({
      pass: ({ trail }) => ({ trail: `${trail} ${name}` }),
      stamp(piece) {
        const text = readText({ read: () => lease.read(piece) });
        writeText({ write: (bytes) => lease.write(piece, bytes) }, `${text} ${name}`);
        return null;
      },
      async *down({ count, sizeBytes }) {
        for (let index = 0; index < count; index++) yield { index, fill: "x".repeat(sizeBytes) };
      },
      async up(_, items) {
        let expected = 0;
        for await (const { index } of items) {
          if (index !== expected++) throw new BulkheadError("IPC_ARGUMENTS_INVALID", `item ${index} is out of order`);
        }
      },
    }));
  },
});
