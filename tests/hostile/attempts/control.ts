/** What breaks the rules of the control channel, or asks the root server for what only the verifier may ask. */
import { maxControlFrameBytes } from "@bulkhead/protocol";
import { encodeFrame } from "@bulkhead/sdk";

/** `said`: what the root server says of it while it ends the component; null: nothing comes of it. */
export type Telling = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly times: number;
  readonly said: RegExp | null;
};

const length = (value: number) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(value);
  return header;
};
const say = (kind: string, body: unknown = {}) => encodeFrame([2, kind, body]);

const garbage = /bomber.*garbage on its control channel/;
const presumptuous = /bomber asked for \w+, which only the (verifier|network|scheduler-server) may/;
const gateway = { address: "192.0.2.66", from: null, askedAtMs: null, answer: [], failure: null };
const digest = "a".repeat(64);

const rows: readonly (readonly [string, Buffer, RegExp | null, number?])[] = [
  ["a frame of two gigabytes", length(0x7fffffff), garbage],
  ["a frame of one byte too many", length(maxControlFrameBytes + 1), garbage],
  ["an empty frame", length(0), garbage],
  ["bytes that are no MessagePack", Buffer.concat([length(1), Buffer.from([0xc1])]), garbage],
  ["half a frame, and then a heartbeat", Buffer.from([0, 0]), garbage],
  ["lists in lists", Buffer.concat([length(20_000), Buffer.alloc(20_000, 0x91)]), garbage],
  ["a call", encodeFrame([0, 1, "ready", {}]), garbage],
  ["a message that there is not", say("reboot"), garbage],
  ["a message of every object", say("constructor"), garbage],
  ["a message that goes the other way", say("stop", { graceMs: 0, reason: "x" }), garbage],
  ["the state of the device, forged", say("status", { status: {} }), garbage],
  ["a heartbeat with more in it", say("heartbeat", { component: "caller" }), garbage],
  ["a last word that is too long", say("fault", { reason: "x".repeat(2001) }), garbage],
  ["heartbeats without pause", say("heartbeat"), /bomber.*more control messages than it may/, 2_000],
  ["an update", say("activate", { releaseDigest: digest }), presumptuous],
  ["a restart of its neighbour", say("restart", { component: "caller", reason: "x" }), presumptuous],
  ["a restart of the board", say("restart", { component: null, reason: "x" }), presumptuous],
  ["trace of its neighbour", say("trace", { component: "caller", enabled: true }), presumptuous],
  ["a look at everybody", say("verify"), presumptuous],
  ["a name to be asked for", say("resolve"), presumptuous],
  ["a hole in the uplink", say("gateway", gateway), presumptuous],
  ["a count of everybody's open files", say("files"), presumptuous],
  ["to be ready once more", say("ready"), null],
  ["to stand by", say("standing-by"), null],
];

export const tellings: readonly Telling[] = rows.map(([name, bytes, said, times = 1]) => ({
  name,
  bytes,
  said,
  times,
}));

/** Each costs a restart: the short form of the battery has one of each kind. */
const kinds = [
  "a frame of two gigabytes",
  "a message that there is not",
  "heartbeats without pause",
  "an update",
  "to stand by",
];
export const fewTellings = tellings.filter(({ name }) => kinds.includes(name));

/** The line that `system/raw/main.c` reads. */
export const lineOfTelling = ({ bytes, times }: Telling): string => `tell it ${bytes.toString("hex")} ${times}`;

/** Words after which it dies by itself, so soon that the supervisor is at it, or still about to be. */
export type Timing = { readonly name: string; readonly lines: (tenths: number) => readonly string[] };

/** `tenths`: of a millisecond, from its word to its end. */
const dying = (name: string, bytes: Buffer): Timing => ({
  name,
  lines: (tenths) => [`tell it ${bytes.toString("hex")} 1`, `bomb end ${tenths}`],
});

export const timings: readonly Timing[] = [
  dying("what it is killed for", length(0)),
  dying("what it may not ask for", say("activate", { releaseDigest: digest })),
  dying("its last word", say("fault", { reason: "x" })),
  dying("that it is ready", say("ready")),
];
