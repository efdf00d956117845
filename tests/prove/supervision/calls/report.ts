/** What the watcher met, as it keeps it in /tmp/report.json for the test to read. */
export type Failure = { readonly code: string; readonly fromMs: number; readonly toMs: number };

export type Met = {
  calls: number;
  /** Between two answers, since the mark. */
  longestGapMs: number;
  readonly failures: Failure[];
  incarnation: number;
};

export type Report = {
  /** What the test wrote into /tmp/mark last: the gaps count from there. */
  mark: string;
  readonly met: Record<string, Met>;
  /** What servers had and should have again. */
  readonly state: {
    /** Distinct answers of the key store about its public keys. */
    publicKeys: string[];
    /** The clock answered an earlier time than before. */
    clockWentBack: boolean;
    /** The watcher's first line on the console is still there, and sequence numbers have not begun anew. */
    firstLine: boolean;
    newestSequence: number;
    sequenceWentBack: boolean;
    /** Notifications `changed` of the monitor, by its incarnation. */
    changed: Record<string, number>;
    /** Distinct answers of the scheduler about what is declared. */
    declared: string[];
  };
};
