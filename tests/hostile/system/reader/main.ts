/** Keeps in /tmp/console what stands on the console, a line of JSON each, for the test to read. */
import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { consoleInterface, defineComponent } from "@bulkhead/sdk";

/** Its /tmp ends at 8 MiB; the test wants the newest. */
const mostBytes = 4 * 1024 * 1024;
const file = "/tmp/console";

export const component = defineComponent({
  uses: { console: consoleInterface },
  start({ uses, onStop }) {
    let after = -1;
    let timer: NodeJS.Timeout;
    writeFileSync(file, "");
    async function read(): Promise<void> {
      const { lines } = await uses.console.read({ after, limit: 500 }).catch(() => ({ lines: [] }));
      if (statSync(file).size > mostBytes) writeFileSync(file, "");
      for (const line of lines) appendFileSync(file, `${JSON.stringify(line)}\n`);
      after = lines.at(-1)?.sequence ?? after;
      timer = setTimeout(read, 100);
    }
    void read();
    onStop(() => clearTimeout(timer));
  },
});
