/** What the CAN driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on a network interface. */

/** An identifier above 0x7ff is an extended one (29 bits). */
export type CanFrame = { readonly id: number; readonly data: Uint8Array<ArrayBuffer> };

/**
 * What the controller tells of the bus: `passive` and `warning`: it has counted so many errors that it holds back; `off`: it takes no part any
 * more; `active`: it is as it should be, again.
 */
export const canStates = ["active", "warning", "passive", "off"] as const;
export type CanState = (typeof canStates)[number];

export type CanListener = {
  /** `timeUs`: when the kernel had it, since 1970. */
  onFrame(frame: CanFrame & { readonly timeUs: number }): void;
  onState(state: CanState): void;
  /** The interface was taken away. Nothing follows. */
  onGone(): void;
};

/** One client's socket. */
export type CanPort = {
  /** Puts a frame into the queue of the interface. Throws CAN_BUS_OFF, or CAN_NOT_SENT where the queue is full or the interface is down. */
  send(frame: CanFrame): void;
  close(): void;
};

export type CanDriver = {
  /**
   * Opens a socket on the interface that the board calls `device`, which hears frames of the identifiers `receive` and no others, and not
   * what it sends itself. Throws DEVICE_ABSENT.
   */
  open(device: string, receive: readonly number[], listener: CanListener): CanPort;
};
