/** Which devices may take a release: that is said when it is signed, and stands for those after it until it is said otherwise. */
import {
  BulkheadError,
  type OnlyFor,
  onlyForOf,
  onlyForSchema,
  type Release,
  releaseTargetName,
} from "@bulkhead/protocol";
import type { TargetFile, Targets } from "@tufjs/models";
import { newestOf } from "./rollback.ts";

export const onlyForOptions = {
  "only-deployment": {
    type: "string",
    description: "Only devices of these deployments take it. Default: as the one before it.",
    valueHint: "NAME,…",
  },
  "only-device": { type: "string", description: "Only these devices take it.", valueHint: "ID,…" },
  anywhere: { type: "boolean", description: "Any device of its board takes it." },
} as const;

type Arguments = {
  "only-deployment"?: string | undefined;
  "only-device"?: string | undefined;
  anywhere?: boolean | undefined;
};

/** What the arguments say; null: any device; undefined: nothing, so it is as the one before it. Throws USAGE. */
export function onlyForFrom(args: Arguments): OnlyFor | null | undefined {
  const { "only-deployment": deployments, "only-device": devices, anywhere = false } = args;
  if (deployments === undefined && devices === undefined) return anywhere ? null : undefined;
  if (anywhere) {
    throw new BulkheadError("USAGE", "is it for some devices, or for any?", {
      remedy: "give --only-deployment and --only-device, or --anywhere",
    });
  }
  const list = (text: string | undefined) => text?.split(",").map((one) => one.trim());
  const parsed = onlyForSchema.safeParse({
    ...(deployments !== undefined && { deployments: list(deployments) }),
    ...(devices !== undefined && { devices: list(devices) }),
  });
  if (parsed.success) return parsed.data;
  throw new BulkheadError("USAGE", "that names no deployments, or no devices", {
    cause: parsed.error,
    remedy: "a deployment has a name as `field`, a device an id as `d-0123456789abcdef`: bulkhead device ls",
  });
}

/** A refresh changes nothing but the expiry. Throws USAGE where it is told otherwise. */
export function checkRefreshOnly(args: Arguments): void {
  if (onlyForFrom(args) === undefined) return;
  throw new BulkheadError("USAGE", "a refresh leaves which devices take a release as it is", {
    remedy: "give the release that is to be signed anew in place of --refresh",
  });
}

/** What the targets say of a release; undefined: any device of its board takes it. Throws RELEASE_METADATA_INVALID. */
export function onlyForIn(file: TargetFile | undefined): OnlyFor | undefined {
  return file && onlyForOf(file.unrecognizedFields["custom"], file.path);
}

/** As the targets say it. */
export function onlyForAsCustom({ deployments, devices }: OnlyFor) {
  return { onlyFor: { ...(deployments && { deployments }), ...(devices && { devices }) } };
}

/** Of the release itself, where it is signed already, else of the newest of its name. Throws RELEASE_METADATA_INVALID. */
export function onlyForBefore(before: Targets["targets"], release: Release): OnlyFor | undefined {
  return onlyForIn(before[releaseTargetName(release)] ?? newestOf(before, release.name));
}
