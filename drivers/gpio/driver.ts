/**
 * What the GPIO driver server needs from a back-end. Pins go by the board's own names: global line numbers change with
 * the kernel. The simulated back-end is beside it; the GPIO character device (`v2` line requests, whose events carry
 * time stamp and sequence number) and onoff (neither: it stamps and counts itself) fit the same shape.
 */

export type PinLevel = 0 | 1;
export type PinDirection = "in" | "out";
export type Edges = "none" | "rising" | "falling" | "both";

export type Edge = {
  level: PinLevel;
  /** Monotonic clock at the edge, microseconds. */
  timeUs: number;
  /** Counts the edges of this line; a gap is a lost edge. */
  sequence: number;
};

export type Line = {
  read(): Promise<PinLevel>;
  write(level: PinLevel): Promise<void>;
  /** From now on, tells edges of these kinds; a later call replaces an earlier one. */
  watch(edges: Edges, onEdge: (edge: Edge) => void): Promise<void>;
  /** Gives the line back. The caller has put an output into its safe state before. */
  release(): Promise<void>;
};

export type GpioDriver = {
  /**
   * Takes the line for this process alone. An output starts at 0, its safe state.
   *
   * @throws BulkheadError GPIO_LINE_BUSY where somebody else has it, DEVICE_FAILED for any other fault
   */
  claim(pin: string, direction: PinDirection): Promise<Line>;
};
