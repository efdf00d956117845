/**
 * Plays a record to a component: the same inputs in the same order, with the same clock. The component runs as ever, on the
 * SDK's own code from the frames upwards; the first thing that it does differently is told.
 */
import type { AnyComponent } from "../component.ts";
import { takeOver } from "../record/realm.ts";
import { readRecord } from "../record/record-file.ts";
import { runComponent } from "../run-component.ts";
import { createStage, nextTurn, type Stage } from "./replay-host.ts";
import { createScore, type Difference, type Score } from "./score.ts";
import { type Session, toSession } from "./turns.ts";

export type Replayed = {
  readonly component: string;
  /** The first difference; null where the replay was identical. */
  readonly difference: Difference | null;
  /** What was compared: frames, lines of the log, timers, messages to the root server, the exit. */
  readonly outputs: number;
  readonly turns: number;
  /** How the record ends. */
  readonly ended: Session["ended"];
};

/**
 * Replays the record in `bytes`. The clocks, timers and random numbers of this process belong to the component meanwhile,
 * so one replay runs at a time, and nothing beside it.
 *
 * @throws BulkheadError RECORD_DAMAGED
 */
export async function replay(definition: AnyComponent, bytes: Uint8Array): Promise<Replayed> {
  const session = toSession(readRecord(bytes));
  const score = createScore(session);
  const stage = createStage(score);
  const giveBack = takeOver(stage.realm);
  const onUncaught = (error: unknown) => stage.uncaught(error);
  for (const kind of ["unhandledRejection", "uncaughtException"]) process.on(kind, onUncaught);
  try {
    void runComponent(definition, { host: stage.host });
    await play(stage, score, session);
  } finally {
    for (const kind of ["unhandledRejection", "uncaughtException"]) process.off(kind, onUncaught);
    giveBack();
  }
  const { difference = null, outputs } = score;
  return {
    component: session.header.component,
    difference,
    outputs,
    turns: session.turns.length,
    ended: session.ended,
  };
}

function play(stage: Stage, score: Score, { turns }: Session): Promise<void> {
  return new Promise((resolve) => {
    let at = 0;
    /** One event, and those that came before the component had done with it. */
    function step(): void {
      do {
        const turn = score.next();
        if (score.difference || !turn) {
          resolve();
          return;
        }
        at++;
        try {
          stage.perform(turn.event);
        } catch (error) {
          stage.uncaught(error);
        }
      } while (turns[at]?.isJoined);
      nextTurn(step);
    }
    nextTurn(step);
  });
}
