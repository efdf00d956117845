/** What breaks the rules of a channel, or goes beyond what the manifest gives its client. */
import { encodeFrame } from "@bulkhead/sdk";
import { echo } from "../system/echo.ts";

/** `closed`: the provider ends the connection; anything else is the code that it answers the call with, or its result. */
export type Exchange = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly answer: string;
  readonly waitMs: number;
};

const bytes = (...values: number[]) => Buffer.from(values);
const length = (value: number) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(value);
  return header;
};
const framed = (body: Buffer) => Buffer.concat([length(body.length), body]);

const greeting = { protocol: 1, interface: "echo", digest: echo.digest, component: "raw", incarnation: 1 };
const hello = (changes: Partial<typeof greeting> = {}) => encodeFrame([2, "hello", { ...greeting, ...changes }]);
const call = (operation: string, args: unknown) => Buffer.concat([hello(), encodeFrame([0, 1, operation, args])]);

/** A call of `say` whose argument is `body`, as it stands. */
const sayRaw = (body: Buffer) =>
  Buffer.concat([hello(), framed(Buffer.concat([bytes(0x94, 0, 1, 0xa3), Buffer.from("say"), body]))]);

const closed = "closed";
const rows: readonly (readonly [string, Buffer, string, number?])[] = [
  ["a frame of two gigabytes", Buffer.concat([hello(), length(0x7fffffff)]), closed],
  ["a frame of one byte too many", Buffer.concat([hello(), length(1024 * 1024 + 1)]), closed],
  ["an empty frame", Buffer.concat([hello(), length(0)]), closed],
  ["bytes that are no MessagePack", Buffer.concat([hello(), framed(bytes(0xc1))]), closed],
  ["bytes behind the message", Buffer.concat([hello(), framed(bytes(0x92, 2, 0xa1, 0x78, 0xc0, 0xc0))]), closed],
  ["a message that is no frame", Buffer.concat([hello(), encodeFrame("x")]), closed],
  ["a frame of an unknown kind", Buffer.concat([hello(), encodeFrame([9, 1, "say", "hello"])]), closed],
  ["a frame with too many parts", Buffer.concat([hello(), encodeFrame([0, 1, "say", "hello", 1])]), closed],
  ["a negative call number", Buffer.concat([hello(), encodeFrame([0, -1, "say", "hello"])]), closed],
  ["an answer to nothing", Buffer.concat([hello(), encodeFrame([1, 1, null, "hello"])]), closed],
  // The stream may have ended while it was on its way.
  ["an item of no stream", Buffer.concat([hello(), encodeFrame([4, 7, "x"])]), "open", 300],
  ["a second hello", Buffer.concat([hello(), hello()]), closed],
  ["a call without a hello", encodeFrame([0, 1, "say", "hello"]), closed],
  ["another interface", hello({ interface: "console" }), closed],
  ["another digest", hello({ digest: "0".repeat(64) }), closed],
  ["another protocol", hello({ protocol: 2 }), closed],
  ["half a frame", Buffer.concat([hello(), length(100), bytes(0x94)]), closed, 12_000],
  ["no word at all", Buffer.alloc(0), closed, 12_000],
  ["an operation that there is not", call("shout", "hello"), "IPC_UNKNOWN_OPERATION"],
  ["an operation that the manifest does not give", call("erase", null), "IPC_NOT_GRANTED"],
  ["an operation of every object", call("constructor", "hello"), "IPC_UNKNOWN_OPERATION"],
  ["an operation of every prototype", call("__proto__", "hello"), "IPC_UNKNOWN_OPERATION"],
  ["an argument of another type", call("say", 5), "IPC_ARGUMENTS_INVALID"],
  ["an argument that is too long", call("say", "x".repeat(101)), "IPC_ARGUMENTS_INVALID"],
  ["an argument that the grant does not have", call("say", "secret"), "IPC_NOT_GRANTED"],
  [
    "another's name",
    Buffer.concat([hello({ component: "caller" }), encodeFrame([0, 1, "say", "secret"])]),
    "IPC_NOT_GRANTED|closed",
  ],
  [
    "a key that poisons prototypes",
    sayRaw(Buffer.concat([bytes(0x81, 0xa9), Buffer.from("__proto__"), bytes(0x81, 0xa1, 0x78, 1)])),
    "IPC_ARGUMENTS_INVALID|closed",
  ],
  ["a key that is no text", sayRaw(bytes(0x81, 1, 1)), "IPC_ARGUMENTS_INVALID|closed"],
  ["lists in lists, twenty thousand deep", sayRaw(Buffer.alloc(20_000, 0x91)), closed],
  ["a list of four thousand million", sayRaw(bytes(0xdd, 0xff, 0xff, 0xff, 0xff)), closed],
  ["a map of four thousand million", sayRaw(bytes(0xdf, 0xff, 0xff, 0xff, 0xff)), closed],
  ["text longer than its frame", sayRaw(bytes(0xdb, 0x7f, 0xff, 0xff, 0xff)), closed],
  ["text that is no UTF-8", sayRaw(bytes(0xa2, 0xff, 0xfe)), "IPC_ARGUMENTS_INVALID|IPC_NOT_GRANTED|closed"],
  ["an extension", sayRaw(bytes(0xd4, 5, 0)), "IPC_ARGUMENTS_INVALID|closed"],
  ["a number that is none", sayRaw(bytes(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)), "IPC_ARGUMENTS_INVALID"],
];

export const exchanges: readonly Exchange[] = rows.map(([name, sent, answer, waitMs = 3_000]) => ({
  name,
  bytes: sent,
  answer,
  waitMs,
}));

/** What the manifest does give. */
export const rightExchange: Exchange = {
  name: "a word that it may say",
  bytes: call("say", "hello"),
  answer: "hello",
  waitMs: 3_000,
};

/** How many frames are waited for: the provider's hello and the answer. */
const framesOf = ({ answer }: Exchange) => (answer === closed ? 99 : 2);

/** The line that `system/raw/main.c` reads; `-` stands for no bytes. */
export const lineOfExchange = (exchange: Exchange, index: number): string =>
  `say ${index} /run/ipc/uses/echo/socket ${exchange.bytes.toString("hex") || "-"} ${exchange.waitMs} ${framesOf(exchange)}`;
