/**
 * The memory that messages are written into: slabs that all channels of the process share and use again. Making new
 * memory for each message would make the engine collect for want of it: with messages of 64 KiB it did little else.
 */

/** Some messages of 64 KiB, or some thousand small ones. Memory that is never written is never there. */
const slabBytes = 512 * 1024;
/** Kept beside the current one; more are needed only while peers are slow. */
const maxSpare = 2;

export type Slab = {
  readonly bytes: Buffer;
  /** Where the next message begins. */
  end: number;
  /** Messages in it that have not been written to their sockets. */
  pending: number;
};

let current = makeSlab(slabBytes);
const spare: Slab[] = [];

function makeSlab(sizeBytes: number): Slab {
  return { bytes: Buffer.allocUnsafeSlow(sizeBytes), end: 0, pending: 0 };
}

/** A slab with room for a message of any size that fits into one, or one of its own for a larger message. */
export function slabFor(sizeBytes: number): Slab {
  if (current.end + sizeBytes <= current.bytes.length) return current;
  if (sizeBytes > slabBytes) return makeSlab(sizeBytes);
  current = spare.pop() ?? makeSlab(slabBytes);
  return current;
}

export function currentSlab(): Slab {
  return current;
}

/** One message of the slab is with the kernel, or is not wanted any more. */
export function settle(slab: Slab): void {
  slab.pending--;
  if (slab.pending > 0) return;
  slab.end = 0;
  if (slab !== current && slab.bytes.length === slabBytes && spare.length < maxSpare) spare.push(slab);
}
