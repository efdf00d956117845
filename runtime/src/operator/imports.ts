/**
 * Root of the board brings a file with a release. The root server reads nothing of it: it says where to listen, tells the agent to come there,
 * and in the end what became of the release, which goes by way of the verifier as any other does.
 */
import { BulkheadError, type DeviceStatus, type OperatorRequest } from "@bulkhead/protocol";
import type { GenerationRecord } from "../generations/index.ts";
import type { Visit } from "./desk.ts";

export type ImportRequest = Extract<OperatorRequest, { kind: "import" | "begin" | "update" }>;
type Outcome = NonNullable<GenerationRecord["lastOutcome"]>;

export type ImportMeans = {
  /** Where who brings a file listens; nobody but the agent is shown it. */
  readonly directory: string;
  /** Undefined: it does not run now. */
  readonly agent: () => { readonly uid: number | null } | undefined;
  readonly tellAgent: () => void;
  readonly update: () => DeviceStatus["update"];
  readonly log: (text: string) => void;
};

export type Imports = {
  ask(request: ImportRequest, visit: Visit): void;
  /** What became of a release, whoever brought it. */
  tellOutcome(outcome: Outcome): void;
};

export const isImportRequest = (request: OperatorRequest): request is ImportRequest =>
  request.kind === "import" || request.kind === "begin" || request.kind === "update";

export function createImports({ directory, agent, tellAgent, update, log }: ImportMeans): Imports {
  /** Who brings a file now: one at a time, for there is one place to listen at. */
  let bringer: Visit | undefined;

  function open(visit: Visit): void {
    if (bringer && !bringer.isGone()) {
      throw new BulkheadError("CONFLICT", "somebody brings a file already", { remedy: "wait until that is over" });
    }
    const found = agent();
    if (!found) throw new BulkheadError("CONFLICT", "the agent does not run now", { remedy: "try again in a moment" });
    bringer = visit;
    visit.onGone(() => {
      if (bringer === visit) bringer = undefined;
    });
    visit.tell({ kind: "importing", directory, uid: found.uid });
  }

  return {
    ask({ kind }, visit) {
      if (kind === "import") return open(visit);
      if (kind === "update") return visit.tell({ kind: "update", ...update() });
      if (bringer !== visit) throw new BulkheadError("CONFLICT", "this connection brings no file");
      log("an operator brings a file with a release");
      tellAgent();
    },
    tellOutcome({ releaseDigest, outcome, reason }) {
      bringer?.tell({ kind: "outcome", releaseDigest, outcome, reason });
    },
  };
}
