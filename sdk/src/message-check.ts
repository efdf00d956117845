/**
 * Looks over the bytes of a MessagePack message before they are decoded. A decoder believes the sizes that it reads:
 * 200 000 nested arrays that each announce a million items are one frame of a mebibyte and the end of the process. Here
 * every announced item must have a byte of its own in the message, so what decoding takes is bounded by what was sent.
 * Source of the format: MessagePack specification (msgpack/spec.md), section "Formats".
 */

/** Deep enough for a system description, shallow enough for every recursive reader behind. */
const maxDepth = 64;

// What follows a lead byte: `width` bytes that hold a size (or, where there are none, the size itself is `fixed`), then
// `size` bytes, or `size` values (array), or twice as many (map).
type Form = { width: number; fixed: number; valuesPerItem: 0 | 1 | 2 };

function formOf(lead: number): Form | undefined {
  if (lead <= 0x7f || lead >= 0xe0) return { width: 0, fixed: 0, valuesPerItem: 0 };
  if (lead <= 0x8f) return { width: 0, fixed: lead & 0x0f, valuesPerItem: 2 };
  if (lead <= 0x9f) return { width: 0, fixed: lead & 0x0f, valuesPerItem: 1 };
  if (lead <= 0xbf) return { width: 0, fixed: lead & 0x1f, valuesPerItem: 0 };
  return longForms[lead];
}

// 0xc1 is never used, and extension types (0xc7-0xc9, 0xd4-0xd8) have no meaning on a channel: they have no form here.
const scalar = (fixed: number): Form => ({ width: 0, fixed, valuesPerItem: 0 });
const sized = (width: number, valuesPerItem: 0 | 1 | 2): Form => ({ width, fixed: 0, valuesPerItem });
const longForms: Readonly<Record<number, Form>> = {
  192: scalar(0),
  194: scalar(0),
  195: scalar(0),
  196: sized(1, 0),
  197: sized(2, 0),
  198: sized(4, 0),
  202: scalar(4),
  203: scalar(8),
  204: scalar(1),
  205: scalar(2),
  206: scalar(4),
  207: scalar(8),
  208: scalar(1),
  209: scalar(2),
  210: scalar(4),
  211: scalar(8),
  217: sized(1, 0),
  218: sized(2, 0),
  219: sized(4, 0),
  220: sized(2, 1),
  221: sized(4, 1),
  222: sized(2, 2),
  223: sized(4, 2),
};

const forms: readonly (Form | undefined)[] = Array.from({ length: 256 }, (_, lead) => formOf(lead));

// Values still to come, per depth. Shared: the check never yields.
const missing = new Float64Array(maxDepth + 1);

/** True where `bytes` are exactly one MessagePack value, at most 64 deep, that announces no more than it holds. */
export function isSafeMessage(bytes: Uint8Array): boolean {
  let offset = 0;
  let announced = 1;
  let depth = 0;
  missing[0] = 1;
  for (; depth >= 0; depth = innermostOpen(depth)) {
    missing[depth] = (missing[depth] as number) - 1;
    const form = forms[bytes[offset] ?? 0xc1];
    if (!form) return false;
    const size = form.width === 0 ? form.fixed : readSize(bytes, offset + 1, form.width);
    const values = size * form.valuesPerItem;
    offset += 1 + form.width + (form.valuesPerItem === 0 ? size : 0);
    announced += values;
    if (announced > bytes.length || (values > 0 && depth === maxDepth)) return false;
    if (values > 0) missing[++depth] = values;
  }
  return offset === bytes.length;
}

/** The deepest level, not below `depth`, that still misses values; -1 where none does. */
function innermostOpen(depth: number): number {
  let level = depth;
  while (level >= 0 && missing[level] === 0) level--;
  return level;
}

/** Big-endian, of 1, 2 or 4 bytes. Bytes beyond the end count as 255: the message then ends too early in any case. */
function readSize(bytes: Uint8Array, offset: number, width: number): number {
  let size = 0;
  for (let i = 0; i < width; i++) size = size * 256 + (bytes[offset + i] ?? 255);
  return size;
}
