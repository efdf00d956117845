/** Answers. */
import { defineComponent } from "@bulkhead/sdk";
import { echo } from "../echo.ts";

export const component = defineComponent({
  provides: { echo },
  start({ provides }) {
    const bulk = new Uint8Array(65_536);
    provides.echo.serve(({ lease }) => ({
      small: (reading) => reading,
      large: () => null,
      shared(handle) {
        lease.readInto(handle, bulk);
        return null;
      },
      async *readings(count) {
        for (let sequence = 0; sequence < count; sequence++) yield { sequence, label: "a-thermometer", value: 21.5 };
      },
    }));
  },
});
