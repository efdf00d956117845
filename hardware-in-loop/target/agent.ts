/** What of a target goes through its management service: the same for every board that one hears of. */
import type { StoredCommand } from "@bulkhead/kms";
import { BulkheadError, type DeviceStatus, reportError } from "@bulkhead/protocol";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { carryOut } from "../../studio/src/api/commands.ts";
import type { Signer } from "../../studio/src/keys/signer.ts";
import { eventually } from "../../studio/src/run/eventually.ts";

/** A release that the service has: its name there, and its digest. */
export type Publication = { readonly target: string; readonly digest: string };

export type Agent = ReturnType<typeof openAgent>;

/**
 * The agent of one device, by a client of the service; `find` gives its id, or nothing while it has not enrolled itself, and
 * `operators` what signs the orders to it.
 */
export function openAgent(
  client: StudioClient,
  find: () => Promise<string | undefined>,
  operators: () => Promise<readonly Signer[]>,
) {
  let sinceMs = 0;
  let known: string | undefined;

  const lookUp = async (): Promise<string | undefined> => {
    known ??= await find();
    return known;
  };
  const itsId = async (): Promise<string> => {
    const id = await lookUp();
    if (id === undefined) throw new BulkheadError("TARGET_NOT_REACHED", "the board has not enrolled itself yet");
    return id;
  };
  const status = async (): Promise<DeviceStatus | undefined> => {
    const id = await lookUp();
    if (id === undefined) return undefined;
    const answer = await client.status(id);
    return answer.status && (answer.receivedAtMs ?? 0) >= sinceMs ? answer.status : undefined;
  };

  const carriedOut = async ({ id }: StoredCommand, what: string, boundMs: number): Promise<void> => {
    const done = await eventually(`an answer to ${what}`, boundMs, async () => {
      const found = (await client.commands(await itsId())).find((one) => one.id === id);
      return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
    });
    if (done.state !== "done")
      throw new BulkheadError("DEVICE_FAILED", `${what}: ${done.state}: ${done.message ?? done.code ?? ""}`);
  };

  return {
    /** What was heard before now is of a board that has lost its power since. */
    forget(): void {
      sinceMs = Date.now();
    },
    /** The newest state since the last `forget`. */
    status,
    /** Waits until the service is connected to the device and hears that all components are ready. Throws TARGET_NOT_REACHED. */
    untilReady: (boundMs: number): Promise<DeviceStatus> =>
      eventually("all components to be ready", boundMs, async () => {
        const id = await lookUp();
        const now = id !== undefined && (await client.device(id)).connected ? await status() : undefined;
        return now?.components.every((one) => one.state === "ready") ? now : undefined;
      }).catch((cause: unknown) => {
        throw new BulkheadError("TARGET_NOT_REACHED", `the board is not at its agent after ${boundMs / 1000} s`, {
          remedy: "the report has what its console said",
          cause,
        });
      }),
    /** Gives the order, signed, and waits until the device has carried it out. Throws DEVICE_FAILED. */
    async restartComponent(component: string, boundMs: number): Promise<void> {
      const command = { kind: "restart-component", component } as const;
      await carryOut(client, await itsId(), command, boundMs, await operators()).catch((cause: unknown) => {
        const { code, message } = reportError(cause);
        throw new BulkheadError("DEVICE_FAILED", `the restart of ${component}: ${code}: ${message}`, { cause });
      });
    },
    /** Brings it a release that the service has, and waits until it runs that, all components ready. Throws DEVICE_FAILED, DEADLINE_EXCEEDED. */
    async deploy(publication: Publication, boundMs: number): Promise<DeviceStatus> {
      const { target, digest } = publication;
      await this.order(publication, boundMs);
      return eventually(`the device to run ${target}`, boundMs, async () => {
        const now = await status();
        const isThere = now?.release.digest === digest && now.components.every(({ state }) => state === "ready");
        return isThere ? now : undefined;
      });
    },
    /** Gives the order, which is good for `boundMs`, and waits until the device has taken the release; what becomes of it comes later. Throws DEVICE_FAILED. */
    async order({ target, digest }: Publication, boundMs: number): Promise<void> {
      const command = { kind: "deploy", target, releaseDigest: digest } as const;
      const given = await client.command(await itsId(), { command, timeoutMs: boundMs });
      await carriedOut(given, `the release ${target}`, boundMs);
    },
    /** Waits until the device has gone back from a release, or has taken it for good. Throws DEADLINE_EXCEEDED. */
    judged: ({ target, digest }: Publication, boundMs: number): Promise<DeviceStatus> =>
      eventually(`a judgement of ${target}`, boundMs, async () => {
        const now = await status();
        const isOver = now?.update.state === "rolled-back" || now?.update.state === "committed";
        return isOver && now.update.releaseDigest === digest ? now : undefined;
      }),
    /** Those lines of a component's log that the service has. */
    logLines: async (component: string): Promise<string[]> =>
      (await client.logs(await itsId(), { limit: 5000, component })).lines.map(({ text }) => text),
    /** The first line of a component's log that matches. Throws DEADLINE_EXCEEDED. */
    logLine: (component: string, pattern: RegExp, boundMs: number): Promise<string> =>
      eventually(`${component} to write ${pattern}`, boundMs, async () => {
        const { lines } = await client.logs(await itsId(), { limit: 5000, component });
        return lines.find(({ text }) => pattern.test(text))?.text;
      }),
  };
}
