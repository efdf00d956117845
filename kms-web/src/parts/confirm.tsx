/** Asks before something is done that a device will feel. Escape and "Cancel" do nothing. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button.tsx";

type Props = { title: string; action: string; onConfirm: () => void; onClose: () => void; children: ReactNode };

export function Confirm({ title, action, onConfirm, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      className="m-auto w-[26rem] max-w-[90vw] rounded-lg border border-line bg-surface p-5 text-left text-ink shadow-xl"
    >
      <h2 id={id} className="font-semibold">
        {title}
      </h2>
      <div className="mt-2 text-sm text-muted">{children}</div>
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={() => dialog.current?.close()}>Cancel</Button>
        <Button
          look="strong"
          onClick={() => {
            dialog.current?.close();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </div>
    </dialog>
  );
}
