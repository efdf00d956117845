/** Devices: only drivers have any, only of their class, only what the board has, each at most once. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { suggest } from "../suggest.ts";

type Claim = { component: string; index: number; device: string; driver: string | undefined };

export const deviceRule: Rule = (analysis) => {
  const owners = new Map<string, string>();
  return claims(analysis).flatMap((claim) => {
    const error = checkClaim(analysis, claim, owners.get(claim.device));
    if (!owners.has(claim.device)) owners.set(claim.device, claim.component);
    return error;
  });
};

function claims({ written }: Analysis): Claim[] {
  return Object.entries(written.components).flatMap(([component, { devices = [], image }]) =>
    devices.map((device, index) => ({ component, index, device, driver: driverClassOf(image) })),
  );
}

function checkClaim({ board, source }: Analysis, claim: Claim, owner: string | undefined): ErrorReport[] {
  const { component, device, driver } = claim;
  const path = ["components", component, "devices", claim.index];
  const known = Object.hasOwn(board.devices, device) ? board.devices[device] : undefined;
  if (known === undefined) {
    const message = `board \`${board.board}\` has no device \`${device}\``;
    return [
      atValue(source, {
        code: "MANIFEST_UNKNOWN_DEVICE",
        path,
        message,
        remedy: suggest(device, Object.keys(board.devices)),
      }),
    ];
  }
  if (driver === undefined) {
    const message = `\`${component}\` is an application, and only drivers have devices`;
    const remedy = `declare a driver (image: driver:${known.class}) and use a channel to it`;
    return [atValue(source, { code: "MANIFEST_POLICY_FORBIDS", path, message, remedy })];
  }
  if (driver !== known.class) {
    const message = `\`${device}\` is a device of class ${known.class}, and \`${component}\` is a driver for ${driver}`;
    return [
      atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: `use image: driver:${known.class}` }),
    ];
  }
  // Named twice by one driver is a repeat, which another rule tells.
  if (owner === undefined || owner === component) return [];
  const message = `\`${device}\` is claimed by \`${owner}\` and by \`${component}\``;
  const remedy = `let one driver have it and give it channels to all who need it`;
  return [atValue(source, { code: "MANIFEST_DEVICE_CLAIMED_TWICE", path, message, remedy })];
}
