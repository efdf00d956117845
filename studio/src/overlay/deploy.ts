/** `bulkhead overlay deploy`: put an overlay on a device, or on all of a deployment. It needs no key. */
import type { Device, OverlaySummary } from "@bulkhead/kms";
import { BulkheadError, reportError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import type { StudioClient } from "../api/client.ts";
import { timeoutOf, timeoutOption } from "../api/commands.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";
import { deploy } from "../deploy/deploy.ts";
import { lookUpDevice } from "../device/find-device.ts";
import { type Progress, showProgress } from "../run/progress.ts";
import { uploadDocuments } from "./upload.ts";

export const deployCommand = defineCommand({
  meta: {
    name: "deploy",
    description:
      "Put an overlay on a device, or on all of its deployment, and wait until those that are connected run it.",
  },
  args: {
    overlay: { type: "positional", description: "Name of the overlay.", required: true },
    deployment: { type: "string", description: "Whose overlay it is.", valueHint: "NAME", required: true },
    device: { type: "string", description: "One device alone: its name or id.", valueHint: "DEVICE" },
    repository: { type: "string", description: "Upload first what is signed here.", valueHint: "DIR" },
    ...timeoutOption("600"),
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const timeoutMs = timeoutOf(args.timeout);
    const progress = showProgress();
    if (args.repository !== undefined) await uploadOverlays(client, args.repository, args.deployment, progress);
    const overlay = newestOf(await client.overlays(), args.overlay, args.deployment);
    const devices = await devicesFor(client, overlay, args.device);
    const target = (await client.releases()).find(({ digest }) => digest === overlay.base)?.target ?? "";
    const outcomes = await Promise.all(
      devices.map((device) => bring(client, device, { overlay, target, timeoutMs }, progress)),
    );
    const lines = outcomes.map(({ device, outcome }) => `${device}: ${outcome}`);
    const { digest, effectiveDigest } = overlay;
    const text = [...lines, `effective digest ${effectiveDigest}`].map(printable).join("\n");
    printResult(args.json, { overlay: overlay.target, digest, effectiveDigest, outcomes }, text);
    return outcomes.every(({ isGood }) => isGood);
  },
});

async function uploadOverlays(client: StudioClient, repository: string, deployment: string, progress: Progress) {
  await progress.step(`uploading the overlays of ${deployment}`, async () => {
    const overlays = await uploadDocuments(client, repository, deployment);
    if (Object.keys(overlays).length > 0) await client.uploadRelease({ overlays });
  });
}

/** Of those for several releases the one that was signed last. Throws NOT_FOUND naming what there is. */
export function newestOf(overlays: readonly OverlaySummary[], name: string, deployment: string): OverlaySummary {
  const own = overlays.filter((one) => one.deployment === deployment);
  const [found] = own.filter((one) => one.name === name).sort((a, b) => b.overlayCounter - a.overlayCounter);
  if (found !== undefined) return found;
  const names = [...new Set(own.map((one) => one.name))];
  throw new BulkheadError("NOT_FOUND", `the management service has no overlay ${name} of ${deployment}`, {
    remedy: names.length === 0 ? "sign one, and give --repository" : `it has ${names.join(", ")}`,
  });
}

/** Throws NOT_FOUND where there is none. */
async function devicesFor(client: StudioClient, overlay: OverlaySummary, name: string | undefined): Promise<Device[]> {
  if (name !== undefined) return [await client.device((await lookUpDevice(client, name)).id)];
  const all = await client.devices();
  const meant = all.filter(({ id, deployment }) => deployment === overlay.deployment && isNamed(overlay, id));
  if (meant.length > 0) return meant;
  throw new BulkheadError("NOT_FOUND", `no device of ${overlay.deployment} is one that ${overlay.name} is for`);
}

const isNamed = ({ devices }: OverlaySummary, id: string): boolean => devices === null || devices.includes(id);

type Outcome = { readonly device: string; readonly outcome: string; readonly isGood: boolean };

async function bring(
  client: StudioClient,
  { id, name, connected }: Device,
  { overlay, target, timeoutMs }: { overlay: OverlaySummary; target: string; timeoutMs: number },
  progress: Progress,
): Promise<Outcome> {
  const { digest, effectiveDigest, base: releaseDigest } = overlay;
  const put = { target: overlay.target, digest };
  try {
    if (!connected) {
      await client.command(id, { command: { kind: "deploy", target, releaseDigest, overlay: put }, timeoutMs });
      return { device: name, outcome: `not connected; it has ${timeoutMs / 1000} s to come for it`, isGood: true };
    }
    const wanted = { deviceId: id, target, releaseDigest, overlay: { ...put, effectiveDigest }, timeoutMs };
    const { generation } = await deploy(client, wanted, progress);
    return { device: name, outcome: `runs it, generation ${generation}`, isGood: true };
  } catch (error) {
    const { code, message } = reportError(error);
    return { device: name, outcome: `${code}: ${message}`, isGood: false };
  }
}
