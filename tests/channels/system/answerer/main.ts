/** Provides the store. */
import { truncateSync, writeFileSync } from "node:fs";
import { defineComponent } from "@bulkhead/sdk";
import { store } from "../store.ts";

const leaseFile = "/run/ipc/leases/asker.shared";

export const component = defineComponent({
  provides: { store },
  start({ provides }) {
    let value = 0;
    provides.store.serve(({ lease }) => ({
      read: () => value,
      write(next) {
        value = next;
        return null;
      },
      turn(handle) {
        const bytes = lease.read(handle);
        lease.write(handle, bytes.toReversed());
        return bytes.reduce((sum, byte) => sum + byte, 0);
      },
      spoil() {
        let grown = "";
        try {
          writeFileSync(leaseFile, new Uint8Array(8 * 1024 * 1024));
        } catch (error) {
          grown = (error as NodeJS.ErrnoException).code ?? "";
        }
        truncateSync(leaseFile, 10);
        return grown;
      },
      async *count(to) {
        for (let i = 0; i < to; i++) yield i;
      },
    }));
  },
});
