/** The clock server: the time of day with its quality, and time-outs that do not depend on it. */
import { type ClockState, reportError, timeReadingSchema, toCoreServer } from "@bulkhead/protocol";
import { clockInterface, clockSettingInterface, defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { monotonicUs, openLastSeen, readRtc } from "./sources.ts";
import { openStanding } from "./standing.ts";
import { asOffer, contradictsKms, goOn, type Offer, stateAt, takeOffer, timeAt } from "./time.ts";
import { createTimers } from "./timers.ts";

/** After a power cut the clock starts this much behind, at most; flash wears with every write. */
const keepEveryMs = 60_000;

const configSchema = z.object({
  /** The kernel's clock is somebody else's, who keeps it right; this server never sets it. */
  trustsHost: z.boolean().default(true),
  builtAtMs: z.number().int().nonnegative().default(0),
});

export type ClockPlaces = { readonly directory: string; readonly rtc: string; readonly bootId: string };

/** A clock server that keeps its time in `directory`, reads the RTC at `rtc`, and at `bootId` which start of the host this is. */
export const clockServer = ({ directory, rtc, bootId }: ClockPlaces) =>
  defineComponent({
    provides: { time: clockInterface, setting: clockSettingInterface },
    async start({ provides, config, log, onStop, root }) {
      const { trustsHost, builtAtMs } = configSchema.parse(config);
      const lastSeen = openLastSeen(directory);
      const host = { timeMs: Date.now(), isTrusted: trustsHost };
      const start = { floorMs: await lastSeen.read(), rtcMs: await readRtc(rtc), host, builtAtMs };
      const standing = await openStanding(directory, bootId);
      let model = goOn(await standing.read(), start, monotonicUs());
      log.info("time", { ...stateAt(model, monotonicUs()) });

      const complain = (error: unknown) => log.error("the time cannot be kept", { ...reportError(error) });
      const keep = () => lastSeen.write(timeAt(model, monotonicUs())).catch(complain);
      await keep();
      await standing.write(model).catch(complain);
      let written = Promise.resolve();
      const keeping = setInterval(() => void keep(), keepEveryMs);
      onStop(async () => {
        clearInterval(keeping);
        await Promise.all([keep(), written]);
      });

      /** What was answered, a kill a moment later leaves. */
      async function take(offer: Offer): Promise<ClockState> {
        const nowUs = monotonicUs();
        const before = model;
        model = takeOffer(model, offer, nowUs);
        if (before.quality !== model.quality) log.info("time", { ...stateAt(model, nowUs) });
        const state = stateAt(model, nowUs);
        if (before !== model) await standing.write(model).catch(complain);
        return state;
      }

      // As a clock server that starts with that release would.
      root.hear("built", toCoreServer.built, (built) => {
        const nowUs = monotonicUs();
        const now = { timeMs: Date.now(), isTrusted: trustsHost };
        model = goOn(model, { floorMs: timeAt(model, nowUs), rtcMs: null, host: now, ...built }, nowUs);
        written = written.then(() => standing.write(model)).catch(complain);
      });
      root.hear("time", timeReadingSchema, (reading) => {
        const nowUs = monotonicUs();
        const offer = asOffer(reading, nowUs);
        if (!offer) return;
        if (contradictsKms(model, offer, nowUs)) log.warn("the time servers and the KMS disagree", { ...offer });
        void take(offer);
      });
      provides.setting.serve(() => ({ offer: take }));
      provides.time.serve((client) => {
        const timers = createTimers((id) => client.notify("timeout", { id }));
        client.onGone(timers.cancelAll);
        return {
          now() {
            const nowUs = monotonicUs();
            return { ...stateAt(model, nowUs), monotonicUs: nowUs };
          },
          after({ id, delayMs }) {
            timers.after(id, delayMs);
            return null;
          },
          cancel({ id }) {
            timers.cancel(id);
            return null;
          },
        };
      });
    },
  });

/** The root server mounts `<dataDir>/clock` there, and the RTC of a board that has one. */
export const component = clockServer({
  directory: "/clock",
  rtc: "/rtc/since_epoch",
  bootId: "/proc/sys/kernel/random/boot_id",
});
