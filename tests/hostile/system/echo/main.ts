/** The innocent provider. Who was heard, and how often the forbidden was done, it keeps in /tmp/heard for the test. */
import { writeFileSync } from "node:fs";
import { defineComponent } from "@bulkhead/sdk";
import { echo } from "../echo.ts";

export const component = defineComponent({
  provides: { echo },
  start({ provides }) {
    let erased = 0;
    const heard = new Set<string>();
    const keep = () => writeFileSync("/tmp/heard", JSON.stringify({ erased, heard: [...heard].sort() }));
    provides.echo.serve(({ component: client }) => ({
      say(word) {
        if (!heard.has(client)) {
          heard.add(client);
          keep();
        }
        return word;
      },
      erase() {
        erased++;
        keep();
        return null;
      },
    }));
  },
});
