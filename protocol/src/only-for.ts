/**
 * For whom a release is: the release keys' word, signed beside it in the targets, that only devices of these deployments, or these devices, may take it
 * (decision 69). TUF itself does not know whom a target is for; without such a word any device of the release's board takes it.
 */
import { z } from "zod";
import { deviceIdSchema } from "./command-channel.ts";
import { BulkheadError } from "./errors.ts";
import { nameSchema } from "./names.ts";

export const onlyForSchema = z
  .strictObject({
    deployments: z.array(nameSchema).min(1).max(64).optional(),
    devices: z.array(deviceIdSchema).min(1).max(1024).optional(),
  })
  .refine(({ deployments, devices }) => deployments !== undefined || devices !== undefined, "names nobody");
/** A device is meant that is in one of the deployments, where any are named, and is one of the devices, where any are. */
export type OnlyFor = z.infer<typeof onlyForSchema>;

const customSchema = z.object({ onlyFor: onlyForSchema.optional() }).optional();

/**
 * For whom `target` is; undefined: for any device of its board. `custom`: what the targets say of it. Throws RELEASE_METADATA_INVALID where that cannot
 * be understood: it is for nobody then.
 */
export function onlyForOf(custom: unknown, target: string): OnlyFor | undefined {
  const parsed = customSchema.safeParse(custom);
  if (parsed.success) return parsed.data?.onlyFor;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `the targets do not say for whom ${target} is`, {
    cause: parsed.error,
    remedy: "sign it again: bulkhead sign --only-deployment, --only-device or --anywhere",
  });
}

/** Throws RELEASE_WRONG_DEVICE. */
export function checkOnlyFor(
  onlyFor: OnlyFor | undefined,
  target: string,
  device: { readonly deployment: string; readonly deviceId: string },
): void {
  const { deployments, devices } = onlyFor ?? {};
  if (deployments !== undefined && !deployments.includes(device.deployment)) {
    throw new BulkheadError(
      "RELEASE_WRONG_DEVICE",
      `${target} is signed for deployment ${deployments.join(", ")}, and this device is in ${device.deployment}`,
      { remedy: "take a release of its own deployment, or sign this one for it too: bulkhead sign --only-deployment" },
    );
  }
  if (devices !== undefined && !devices.includes(device.deviceId)) {
    throw new BulkheadError("RELEASE_WRONG_DEVICE", `${target} is not signed for the device ${device.deviceId}`, {
      remedy: "sign it for this device too: bulkhead sign --only-device",
    });
  }
}

/** The same as words: `only for deployment field, house`. */
export function onlyForText(onlyFor: OnlyFor | undefined): string {
  if (onlyFor === undefined) return "for any device of its board";
  const { deployments, devices } = onlyFor;
  const parts = [
    ...(deployments === undefined ? [] : [`deployment ${deployments.join(", ")}`]),
    ...(devices === undefined ? [] : [`device ${devices.join(", ")}`]),
  ];
  return `only for ${parts.join(", and there ")}`;
}
