/** Somebody at the desk, without a socket: what was told, and the moment of leaving. */
import type { OperatorAnswer } from "@bulkhead/protocol";
import type { Visit } from "../desk.ts";

export function fakeVisit(): { visit: Visit; told: OperatorAnswer[]; leave(): void } {
  const told: OperatorAnswer[] = [];
  const gone: (() => void)[] = [];
  let hasLeft = false;
  const visit: Visit = {
    tell: (answer) => told.push(answer),
    close: () => undefined,
    isGone: () => hasLeft,
    onGone: (action) => gone.push(action),
  };
  function leave(): void {
    hasLeft = true;
    for (const action of gone) action();
  }
  return { visit, told, leave };
}
