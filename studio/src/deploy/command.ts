/** `bulkhead deploy`: bring a signed release to a device. It needs no key: who may deploy need not be who may sign. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import type { StudioClient } from "../api/client.ts";
import { timeoutOf, timeoutOption } from "../api/commands.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "../device/device-argument.ts";
import { lookUpDevice } from "../device/find-device.ts";
import { type Progress, showProgress } from "../run/progress.ts";
import { deploy } from "./deploy.ts";
import { type Deployable, findTarget, readSigned, uploadSigned } from "./source.ts";

type Source = { target: string } | { release: string; repository: string };

export const command = defineCommand({
  meta: {
    name: "deploy",
    description: "Upload a signed release, or name one that was uploaded, and wait until the device runs it.",
  },
  args: {
    ...deviceArgument,
    release: { type: "string", description: "Directory that `bulkhead build` wrote.", valueHint: "DIR" },
    repository: { type: "string", description: "Repository that `bulkhead sign` wrote to.", valueHint: "DIR" },
    target: { type: "string", description: "A release uploaded before, as `greenhouse-2.json`.", valueHint: "NAME" },
    ...timeoutOption("600"),
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const source = sourceOf(args);
    const timeoutMs = timeoutOf(args.timeout);
    const client = await openStudio(args.name);
    const { id, name } = await lookUpDevice(client, args.device).catch(orByHand);
    const progress = showProgress();
    const deployable = await provide(client, source, progress);
    const device = await deploy(client, { deviceId: id, ...deployable, timeoutMs }, progress);
    const text = `${name} runs ${deployable.target}, generation ${device.generation}`;
    printResult(args.json, { ...deployable, device }, text);
  },
});

function sourceOf({
  release,
  repository,
  target,
}: Partial<Record<"release" | "repository" | "target", string | undefined>>): Source {
  if (target !== undefined && release === undefined && repository === undefined) return { target };
  if (target === undefined && release !== undefined && repository !== undefined) return { release, repository };
  throw new BulkheadError("USAGE", "which release?", {
    remedy: "give --release DIR and --repository DIR, or --target NAME alone",
  });
}

/** What no network reaches is in no list here, and gets its releases all the same. */
function orByHand(error: unknown): never {
  if (!(error instanceof BulkheadError) || error.code !== "NOT_FOUND") throw error;
  throw new BulkheadError(error.code, error.message, {
    cause: error,
    remedy: `${error.remedy}; for one that no network reaches: \`bulkhead upload --release DIR\`, then \`bulkhead export\` (docs/guide/sticks.md)`,
  });
}

async function provide(client: StudioClient, source: Source, progress: Progress): Promise<Deployable> {
  if ("target" in source) return findTarget(await client.releases(), source.target);
  const built = await readSigned(source.release, source.repository);
  const { target, releaseDigest } = built;
  await progress.step(`uploading ${target}`, () => uploadSigned(client, built, source.repository));
  return { target, releaseDigest };
}
