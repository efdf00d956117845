/** A command that a device will feel: asked for, confirmed, sent. Its result appears in the list of commands. */
import type { Command } from "@bulkhead/protocol";
import { type ReactNode, useState } from "react";
import { problemOf } from "../api/client.ts";
import { useSendCommand } from "../api/queries.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";

type Props = {
  deviceId: string;
  command: Command;
  label: string;
  /** Said to those who only hear the button, where `label` alone does not tell which one it is. */
  description?: string;
  question: string;
  disabled: boolean;
  small?: boolean;
  children: ReactNode;
};

export function CommandButton(props: Props) {
  const { deviceId, command, label, description, question, disabled, small = false, children } = props;
  const [asking, setAsking] = useState(false);
  const { mutate, isPending, error } = useSendCommand(deviceId);
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
        disabled={disabled || isPending}
        title={disabled ? "The device is not connected." : undefined}
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
