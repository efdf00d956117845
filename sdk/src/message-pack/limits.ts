/** What both directions of the MessagePack codec agree on. */

/** Deep enough for a system description, shallow enough for every recursive reader behind. */
export const maxDepth = 64;
