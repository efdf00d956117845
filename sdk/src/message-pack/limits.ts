/** What both directions of the MessagePack codec agree on. */

/** Deep enough for a system description, shallow enough for every recursive reader behind. */
export const maxDepth = 64;

/**
 * Items of arrays and members of maps in one message, at all levels together. A byte can announce an object of 56 bytes:
 * without this bound a frame of 1 MiB would become 60 MiB, more than most components have, the core servers among them.
 */
export const maxValues = 65_536;
