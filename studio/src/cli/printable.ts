/** Text of others for a terminal: a device, or a component on it, must not steer the terminal of who reads its words. */

/**
 * Replaces what steers a terminal, or turns the direction of writing around, by its escape (`\u001b`). Tabs stay. C0 and C1
 * controls: ECMA-48, section 5.2; directions: Unicode UAX #9.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, (character) => `\\u${hex(character)}`);
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
}
