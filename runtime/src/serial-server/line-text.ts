/**
 * Turns the bytes of one line into text that is safe to show. A component decides what it writes, so its line must not
 * be able to look like another line, steer a terminal, or turn the reading direction of what stands beside it.
 */

/** The longest text of a line, in UTF-16 code units: the bound of the console's log line. */
export const maxLineLength = 4096;
/** Ends a line that was longer than the console keeps. */
export const cutMark = " …[cut]";

// Control characters but tab (C0, DEL, C1), line and paragraph separators, and the marks that change the direction of
// text (Unicode Standard Annex 9, section 2). The escape is for the eye; it is not meant to be reversed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unsafe = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One line as safe text; invalid UTF-8 becomes U+FFFD, `isCut` says that bytes are missing at its end. */
export function lineText(bytes: Uint8Array, isCut = false): string {
  const text = new TextDecoder().decode(withoutCarriageReturn(bytes)).replace(unsafe, escapeCharacter);
  if (!isCut && text.length <= maxLineLength) return text;
  return withoutHalfPair(text.slice(0, maxLineLength - cutMark.length)) + cutMark;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

// A line may end in CR LF, as from a serial port.
function withoutCarriageReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}

// The cut may fall between the two halves of a surrogate pair; half a pair is not text.
function withoutHalfPair(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
