/** JSON of somebody who may have written anything. */

/** Undefined where `text` is no JSON; what is has to be parsed by a schema. Never throws, so no error quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
