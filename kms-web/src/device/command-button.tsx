/** A command that a device will feel: asked for, confirmed, sent. Its result appears in the list of commands. */
import type { Command } from "@bulkhead/protocol";
import { type ReactNode, useState } from "react";
import { problemOf } from "../api/client.ts";
import { useSendCommand } from "../api/queries.ts";
import type { Device } from "../api/types.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";

type Props = {
  device: Device;
  command: Command;
  label: string;
  /** Said to those who only hear the button, where `label` alone does not tell which one it is. */
  description?: string;
  question: string;
  small?: boolean;
  children: ReactNode;
};

export function CommandButton(props: Props) {
  const { device, command, label, description, question, small = false, children } = props;
  const obstacle = obstacleOf(device, command);
  const [asking, setAsking] = useState(false);
  const { mutate, isPending, error } = useSendCommand(device.id);
  return (
    <span className="inline-flex items-center gap-2">
      {error && (
        <span role="alert" className="text-xs text-bad">
          {problemOf(error).detail}
        </span>
      )}
      <Button
        small={small}
        aria-label={description}
        disabled={obstacle !== undefined || isPending}
        title={obstacle}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
      {asking && (
        <Confirm title={question} action={label} onClose={() => setAsking(false)} onConfirm={() => mutate(command)}>
          {children}
        </Confirm>
      )}
    </span>
  );
}

/** A page of the service holds nobody's key: what has to be signed is given by the command line. */
function obstacleOf({ connected, unsignedCommands }: Device, { kind }: Command): string | undefined {
  // A deployment is judged by the release's own signatures.
  if (unsignedCommands === false && kind !== "deploy") {
    return "This device takes commands by an operator's signature only: use bulkhead device with --keys.";
  }
  return connected ? undefined : "The device is not connected.";
}
