/**
 * Keeps a bundle's text in characters of one byte. V8 holds the source of a program in memory for as long as it runs, with two bytes
 * for each of its characters where a single one is beyond Latin-1: one `…` in a line for the log costs each component 0.2 MB.
 */
import { parseSync, Visitor } from "rolldown/utils";

/** Beyond Latin-1, with the backslashes in front; separators of lines mean something else behind one, and stay. */
const wide = /(\\*)([\u0100-\u2027\u202a-\uffff])/g;

type Text = { readonly start: number; readonly end: number };

/** `code` with such characters of its strings and templates escaped; those in names, regular expressions and `String.raw` stay. */
export function inOneByte(code: string): string {
  if (code.search(wide) < 0) return code;
  let result = "";
  let done = 0;
  for (const { start, end } of textsOf(code)) {
    result += code.slice(done, start) + code.slice(start, end).replace(wide, escapeWide);
    done = end;
  }
  return result + code.slice(done);
}

/** Where its strings and templates are, from the first to the last. */
function textsOf(code: string): Text[] {
  const texts: Text[] = [];
  /** A tag sees how its template was written. */
  const tagged = new Set<Text>();
  new Visitor({
    Literal: (literal) => void (typeof literal.value === "string" && texts.push(literal)),
    TaggedTemplateExpression({ quasi }) {
      for (const text of quasi.quasis) tagged.add(text);
    },
    TemplateElement: (text) => void (tagged.has(text) || texts.push(text)),
  }).visit(parseSync("bundle.js", code).program);
  return texts.sort((a, b) => a.start - b.start);
}

function escapeWide(_whole: string, backslashes: string, character: string): string {
  // One that escapes the character, which needs none, would escape the escape.
  const kept = backslashes.slice(backslashes.length % 2);
  return `${kept}\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
