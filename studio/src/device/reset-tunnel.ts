/** `bulkhead device reset-tunnel`. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";

export const resetTunnel = defineCommand({
  meta: {
    name: "reset-tunnel",
    description:
      "Let a device in again whose clock went back: WireGuard answers nobody who is behind his own last time.",
  },
  args: { ...deviceArgument, ...yesOption, ...serverOption, ...jsonOption },
  async run({ args }) {
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    if (
      !args.yes &&
      !(await confirm(`Reset the tunnel of ${device.name}? A connection that stands breaks for a moment.`))
    )
      return false;
    const reset = await client.resetTunnel(device.id);
    printResult(
      args.json,
      { reset },
      `${device.name} may come in with its clock as it is; its events say that you did this.`,
    );
    return true;
  },
});
