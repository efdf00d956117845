/** Splits a byte stream into lines with a bounded memory: what a line has beyond the bound is read and thrown away. */

/** Bytes of a line that are kept. */
export const maxLineBytes = 4096;

export type RawLine = { readonly bytes: Uint8Array; readonly isCut: boolean };
export type LineSplitter = {
  /**
   * Takes the next bytes and answers the lines that they complete and that are wanted. It is asked at each line's end: nothing
   * is made of the others, for a chunk can hold as many lines as bytes.
   */
  push: (chunk: Uint8Array, isWanted?: () => boolean) => RawLine[];
  /** The stream has ended: what is left is a line too. */
  flush: () => RawLine[];
};

/** A splitter that holds at most `limitBytes` of an unfinished line. */
export function createLineSplitter(limitBytes = maxLineBytes): LineSplitter {
  const partial = new Uint8Array(limitBytes);
  let length = 0;
  let isCut = false;

  function append(bytes: Uint8Array): void {
    const room = limitBytes - length;
    partial.set(bytes.subarray(0, room), length);
    length += Math.min(room, bytes.length);
    isCut ||= bytes.length > room;
  }

  function take(): RawLine {
    const line = { bytes: partial.slice(0, length), isCut };
    forget();
    return line;
  }

  function forget(): void {
    length = 0;
    isCut = false;
  }

  return {
    push(chunk, isWanted = () => true) {
      const lines: RawLine[] = [];
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        if (isWanted()) {
          append(chunk.subarray(start, end));
          lines.push(take());
        } else forget();
        start = end + 1;
      }
      append(chunk.subarray(start));
      return lines;
    },
    flush: () => (length > 0 || isCut ? [take()] : []),
  };
}
