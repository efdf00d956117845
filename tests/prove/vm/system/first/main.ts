/** Asks again and again, and says how it went; each incarnation begins with what the proof is at. */
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { workInterface } from "../interfaces.ts";

const wishes = ["echo", "flood", "panic", "large", "echo"];
const configSchema = z.object({ floodLines: z.number().int().max(99_999) });
const large = "0123456789abcdef".repeat(8192);

export const component = defineComponent({
  uses: { guest: workInterface },
  provides: {},
  start({ uses, config, incarnation, log, onStop }) {
    const { floodLines } = configSchema.parse(config);
    const ask = (what: string, text: string) => uses.guest.ask({ what, text }, { deadlineMs: 120_000 });
    const wish = wishes[incarnation - 1] ?? "echo";
    let timer: NodeJS.Timeout | undefined;
    const round = async (number: number): Promise<void> => {
      await ask("next", `round ${number}`).then(
        ({ text }) => log.info(`${incarnation}: ${text}`),
        () => undefined,
      );
      timer = setTimeout(round, 100, number + 1);
    };
    const begin = async (): Promise<void> => {
      if (wish === "large") {
        // Six at once are more than ports and sockets hold together, in both directions.
        let whole = 0;
        for (let round = 0; round < 8; round++) {
          const texts = Array.from({ length: 6 }, (_, index) => `${round}.${index}${large}`);
          const answers = await Promise.all(texts.map((text) => ask("echo", text)));
          whole += answers.filter(({ text }, index) => text === texts[index]).length;
        }
        log.info(`${incarnation}: ${whole} large answers`);
      } else if (wish !== "echo") await ask(wish, String(floodLines)).catch(() => undefined);
    };
    begin().then(
      () => round(1),
      (error) => log.error(`${incarnation}: ${error}`),
    );
    onStop(() => clearTimeout(timer));
  },
});
