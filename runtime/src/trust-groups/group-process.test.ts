import { PassThrough } from "node:stream";
import { createFrameReader, encodeEnvelope, type FromGroup, readToGroup, type ToGroup } from "@bulkhead/sdk";
import { describe, expect, test } from "vitest";
import { type EndOfUse, type ExitStatus, nothingCounted, type Sandbox } from "../sandbox/index.ts";
import { carryMembers } from "./group-process.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const crash = { code: 1, signal: null, ...nothingCounted, memoryPeakBytes: 1, outOfMemoryKills: 0 };

/** A group's process by its ends alone: what it was told, and what it says. */
function group() {
  const told: ToGroup[] = [];
  const reader = readToGroup((envelope) => told.push(envelope));
  const said = new PassThrough();
  const control = Object.assign(said, {
    write(chunk: Buffer, done?: () => void) {
      reader.push(chunk);
      done?.();
      return true;
    },
    end: () => void told.push(["open", "nobody-is-left"]),
  });
  let endWith: (status: ExitStatus & EndOfUse) => void = () => undefined;
  const ended = new Promise<ExitStatus & EndOfUse>((resolve) => {
    endWith = resolve;
  });
  const killed: string[] = [];
  const sandbox = { control, ended, exited: ended, kill: () => killed.push("process") } as unknown as Sandbox;
  const process = carryMembers(sandbox);
  const ends: string[] = [];
  function open(name: string) {
    const member = process.open(name);
    const heard: unknown[] = [];
    const frames = createFrameReader((message) => heard.push(message));
    member.control.on("data", (chunk: Buffer) => frames.push(chunk));
    void member.ended.then(({ code }) => ends.push(`${name} ${code}`));
    return { member, heard };
  }
  const say = (envelope: FromGroup) => void said.push(encodeEnvelope(envelope));
  return { process, open, told, say, said, ends, killed, end: (status = crash) => endWith(status) };
}

describe("the process of a trust group", () => {
  test("[K10] carries the bytes of each member to and from it alone", async () => {
    const { open, say, told } = group();
    const [one, two] = [open("one"), open("two")];
    one.member.control.write(Buffer.from("for one"));
    say(["data", "two", Buffer.from([0, 0, 0, 1, 7])]);
    await turn();
    expect(told).toEqual([
      ["open", "one"],
      ["open", "two"],
      ["data", "one", new Uint8Array(Buffer.from("for one"))],
    ]);
    expect([one.heard, two.heard]).toEqual([[], [7]]);
  });

  test("[K10] goes on when one has stopped in order, and ends with the last", async () => {
    const { process, open, say, told, ends, end } = group();
    open("one");
    open("two");
    say(["ended", "one", 0]);
    await turn();
    expect(ends).toEqual(["one 0"]);
    open("one");
    say(["ended", "two", 0]);
    say(["ended", "one", 0]);
    await turn();
    expect(ends).toEqual(["one 0", "two 0"]);
    expect(told.at(-1)).toEqual(["open", "nobody-is-left"]);
    expect(process.isOpen()).toBe(false);
    end({ ...crash, code: 0 });
    await turn();
    expect(ends).toEqual(["one 0", "two 0", "one 0"]);
  });

  test("[K10] [K2] tells of the one that failed first, and the others of it", async () => {
    const { open, say, ends, end } = group();
    const [one] = [open("one"), open("two")];
    say(["ended", "two", 1]);
    await turn();
    expect(one.heard).toEqual([[2, "fault", { reason: "it shares its process with two, which failed" }]]);
    expect(ends).toEqual([]);
    end();
    await turn();
    expect(ends).toEqual(["two 1", "one 1"]);
  });

  test("[K10] is killed as a whole", async () => {
    const { open, killed, ends, end } = group();
    const one = open("one");
    open("two").member.kill();
    await turn();
    expect(killed).toEqual(["process"]);
    expect(one.heard).toEqual([[2, "fault", { reason: "it shares its process with two, which was killed" }]]);
    end();
    await turn();
    expect(ends).toEqual(["two 1", "one 1"]);
  });

  test.each([
    ["no envelope", Buffer.from([0, 0, 0, 1, 7])],
    ["too much", Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ["words of nobody", encodeEnvelope(["ended", "three", 0])],
  ])("[K10] [K7] that says %s is killed, and each member says why", async (_what, bytes) => {
    const { open, said, killed } = group();
    const one = open("one");
    said.push(bytes);
    said.push(bytes);
    await turn();
    expect(killed).toEqual(["process"]);
    expect(one.heard).toEqual([[2, "fault", { reason: expect.stringContaining("sent garbage") }]]);
  });
});
