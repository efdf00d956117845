/**
 * For the specs of records: a component with everything in it that differs from run to run. What it does is told by its
 * calls, and `calm` is the number that a changed build has changed.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineComponent } from "../../component.ts";
import { defineInterface } from "../../interface.ts";

const seen = z.strictObject({ count: z.number(), at: z.number(), text: z.string() });

export const mirrorInterface = defineInterface({
  name: "mirror",
  operations: {
    show: { arguments: seen, result: z.number(), idempotent: false },
    slow: { arguments: z.null(), result: z.null(), idempotent: false },
  },
  notifications: { turned: z.number() },
});

export const busyInterface = defineInterface({
  name: "busy",
  operations: {
    poke: { arguments: z.number(), result: seen, idempotent: false },
    fail: { arguments: z.null(), result: z.null(), idempotent: false },
    crash: { arguments: z.null(), result: z.null(), idempotent: false },
  },
  streams: {
    count: { arguments: z.number(), item: z.number(), direction: "from-provider" },
    add: { arguments: z.null(), item: z.number(), direction: "from-client" },
  },
  notifications: { poked: z.number() },
});

export const makeBusy = (calm: number) =>
  defineComponent({
    uses: { mirror: mirrorInterface },
    provides: { busy: busyInterface },
    async start({ uses, provides, log, onStop }) {
      let count = 0;
      const mirror = uses.mirror;
      mirror.channel.on("turned", (by) => log.info("turned", { by, at: Date.now(), count }));
      mirror.channel.onPeer((state) => log.info("mirror", state));
      const look = () => ({ count, at: performance.now() + Date.now(), text: String(Math.random()) });
      const show = async (why: string) => {
        try {
          log.info(why, { answer: await mirror.show(look(), { deadlineMs: 500 }) });
        } catch (error) {
          log.warn(why, { error });
        }
      };
      provides.busy.serve((client) => ({
        async poke(by) {
          count += by;
          client.notify("poked", count);
          if (count > calm) await delay(3);
          void show("poked");
          return { count, at: Date.now(), text: `${randomUUID()} ${randomBytes(4).toString("hex")}` };
        },
        fail() {
          throw new Error(`cannot at ${count}`);
        },
        crash() {
          setTimeout(() => {
            throw new Error(`burst at ${count}`);
          }, 2);
          return null;
        },
        async *count(to) {
          for (let i = 0; i < to; i++) yield i + count;
        },
        async add(_, items) {
          for await (const item of items) count += item;
          log.info("added", { count });
        },
      }));
      const timer = setInterval(() => void show("beat"), 7);
      onStop(async () => {
        clearInterval(timer);
        await show("last");
        await mirror.slow(null, { deadlineMs: 20 }).catch((error: unknown) => log.info("slow", { error }));
      });
      await show("first");
    },
  });

export const busy = makeBusy(4);
