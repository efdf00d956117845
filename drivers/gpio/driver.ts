/**
 * What the GPIO driver server needs from a back-end: `simulated.ts` of board `virtual`, `chardev/` on the kernel's character
 * device, `sysfs.ts` on onoff. Pins go by the board's own names: global line numbers change with the kernel.
 */

export type PinLevel = 0 | 1;
export type Edges = "none" | "rising" | "falling" | "both";

export type Edge = {
  pin: string;
  level: PinLevel;
  /** Monotonic clock at the edge, microseconds. */
  timeUs: number;
  /** Counts the edges of this pin since it was claimed, in 32 bits where the kernel does; a gap is a lost edge. */
  sequence: number;
};

/** How pins are claimed; the same for all of one claim. */
export type LineSettings = {
  /** Absent: the line stays as the board's firmware, or who had it before, left it. */
  readonly bias?: "pull-up" | "pull-down" | "none";
} & (
  | {
      readonly direction: "in";
      /** A level that lasts shorter than this is no edge. */
      readonly debounceUs?: number;
    }
  | {
      readonly direction: "out";
      /** The level that it has from the claim on. */
      readonly safe: PinLevel;
      readonly drive: "push-pull" | "open-drain" | "open-source";
    }
);

/** Pins that were claimed together. */
export type Lines = {
  /** In the order of the claim. */
  read(): Promise<PinLevel[]>;
  /** As many as there are pins. The character device sets them in one call, the others one after the other. */
  write(levels: readonly PinLevel[]): Promise<void>;
  /** From now on, tells edges of these kinds; a later call replaces an earlier one. `onGone`: the controller went, no more edges come. */
  watch(edges: Edges, onEdge: (edge: Edge) => void, onGone: () => void): Promise<void>;
  /** Gives the pins back. The caller has put outputs into their safe state before. Never throws. */
  release(): Promise<void>;
};

export type GpioDriver = {
  /**
   * Who stamps and counts edges: the kernel at the interrupt, or the driver when it hears of it. The driver never learns of
   * what came and went before it looked, so there a lost edge leaves no gap.
   */
  readonly stamps: "kernel" | "driver";
  /**
   * Takes pins of one controller for this process alone. All of a back-end's calls throw BulkheadError, of its code also those of Lines:
   * GPIO_LINE_BUSY where somebody else has a pin, GPIO_LINE_UNKNOWN where there is none, GPIO_GONE where the controller is
   * not there, DEVICE_FAILED for any other fault. After GPIO_GONE, Lines work no more, and a new claim is to be tried.
   */
  claim(pins: readonly string[], settings: LineSettings): Promise<Lines>;
};

/** The clock that the kernel stamps edges with (CLOCK_MONOTONIC), the same for all processes of the board. */
export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);
