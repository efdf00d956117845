/** The machine is not ready and cannot be made so; the message is the one sentence that the person gets to read. */
export class Unready extends Error {}
