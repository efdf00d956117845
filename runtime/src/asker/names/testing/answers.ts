/** For tests: what name servers answer, good ones and others, as bytes (RFC 1035, section 4). */

export type Behaviour =
  | { readonly kind: "address"; readonly address: string; readonly ttl?: number }
  | {
      readonly kind:
        | "silent"
        | "no-such-name"
        | "failure"
        | "garbage"
        | "loop"
        | "huge"
        | "cut"
        | "wrong-id"
        | "wrong-name"
        | "cname-chain"
        | "no-end"
        | "bad-length";
    };

export type Question = { readonly name: string; readonly type: number };

const typeCname = 5;
const typeAaaa = 28;
const headerBytes = 12;

/** The one question of a query. Throws RangeError where it is none. */
export function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1) };
}

const questionOf = (query: Buffer): Buffer => {
  const end = query.indexOf(0, headerBytes) + 5;
  return query.subarray(headerBytes, end);
};

/** The datagrams that a server of this kind sends for a query that came by UDP or TCP. */
export function answersTo(query: Buffer, behaviour: Behaviour, isTcp = false): Buffer[] {
  const { name, type } = readQuestion(query);
  switch (behaviour.kind) {
    case "silent":
      return [];
    case "garbage":
      return [Buffer.from([...query.subarray(0, 2), ...Array(40).fill(0xff)]), Buffer.from("hello"), Buffer.alloc(0)];
    case "no-such-name":
      return [message(query, [], { code: 3 })];
    case "failure":
      return [message(query, [], { code: 2 })];
    // The name of the record is a pointer to itself (section 4.1.4).
    case "loop":
      return [
        message(query, [
          Buffer.concat([pointer(headerBytes + questionOf(query).length), fixed(type, 60, address(type))]),
        ]),
      ];
    case "huge":
      return [message(query, Array(4000).fill(record(type, address(type))))].map((one) => one.subarray(0, 65_000));
    // Cut off by UDP, whole by TCP (RFC 7766).
    case "cut":
      return [isTcp ? message(query, [record(type, address(type))]) : message(query, [], { isCut: true })];
    case "wrong-id": {
      const wrong = message(query, [record(type, address(type, "10.77.0.66"))]);
      wrong.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
      return [wrong];
    }
    case "wrong-name":
      return [
        Buffer.concat([
          header(query, 1),
          nameOf(`x${name}`),
          Buffer.from([0, type, 0, 1]),
          record(type, address(type, "10.77.0.66")),
        ]),
      ];
    case "cname-chain":
      return [
        message(
          query,
          Array.from({ length: 300 }, (_, index) => chainLink(index, name)),
        ),
      ];
    case "no-end":
      return [message(query, [record(type, address(type))]).subarray(0, -3)];
    case "bad-length":
      return [message(query, [record(type, Buffer.alloc(3, 10))])];
    case "address": {
      const fits = (type === typeAaaa) === behaviour.address.includes(":");
      return [message(query, fits ? [record(type, address(type, behaviour.address), behaviour.ttl)] : [])];
    }
  }
}

function message(query: Buffer, records: readonly Buffer[], flags: { code?: number; isCut?: boolean } = {}): Buffer {
  return Buffer.concat([header(query, records.length, flags), questionOf(query), ...records]);
}

function header(query: Buffer, records: number, { code = 0, isCut = false } = {}): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  query.copy(bytes, 0, 0, 2);
  // An answer, recursion wanted and offered.
  bytes.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | code, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(records, 6);
  return bytes;
}

const pointer = (offset: number): Buffer => Buffer.from([0xc0 | (offset >> 8), offset & 0xff]);

function record(type: number, data: Buffer, ttl = 60): Buffer {
  return Buffer.concat([pointer(headerBytes), fixed(type, ttl, data)]);
}

function fixed(type: number, ttl: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(1, 2);
  bytes.writeUInt32BE(ttl, 4);
  bytes.writeUInt16BE(data.length, 8);
  return Buffer.concat([bytes, data]);
}

/** From a name to the next; the last to the first. */
function chainLink(index: number, name: string): Buffer {
  const own = index === 0 ? nameOf(name) : nameOf(`n${index}.example`);
  return Buffer.concat([own, fixed(typeCname, 60, index === 299 ? nameOf(name) : nameOf(`n${index + 1}.example`))]);
}

const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, "latin1")),
    Buffer.alloc(1),
  ]);

/** A canned address of the asked family; an IPv6 address is written in full. */
function address(type: number, text = type === typeAaaa ? "2001:db8:0:0:0:0:0:1" : "192.0.2.1"): Buffer {
  if (type !== typeAaaa) return Buffer.from(text.split(".").map(Number));
  return Buffer.from(
    text
      .split(":")
      .map((part) => part.padStart(4, "0"))
      .join(""),
    "hex",
  );
}
