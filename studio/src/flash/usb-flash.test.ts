/** Writing a board by USB, with a program in the place of its maker's that keeps the file that it is given. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enrolmentSchema } from "@bulkhead/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type Identity, makeIdentity } from "./identity.ts";
import { openImage } from "./image.ts";
import { makeImage, type TestImage } from "./testing/image.ts";
import { service } from "./testing/service.ts";
import { readTokenFile, writeTokenFile } from "./token-file.ts";
import { flashByUsb } from "./usb-flash.ts";

const program = join(import.meta.dirname, "testing/usb-program.sh");
const mebibyte = 1024 * 1024;
let base: string;
let directory: string;
let made: TestImage;

beforeAll(() => {
  // In memory where it can be: each copy is synced, and a busy disk takes a second for that.
  base = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bulkhead-usb-"));
  made = makeImage(base, { sizeMiB: 10, board: "imx8mm-evk" });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(base, "test-"));
  mkdirSync(join(directory, "tmp"));
  vi.stubEnv("TMPDIR", join(directory, "tmp"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const report = () => join(directory, "report");
const stayed = () => readdirSync(join(directory, "tmp"));

async function write(identity: Identity | undefined, code: string, signal = new AbortController().signal) {
  const image = await openImage(made.file);
  const commandFor = (file: string) => ({ program, arguments: [report(), code, file], prepare: "the button" });
  try {
    await flashByUsb({ image, commandFor, identity, signal, onProgress: () => undefined });
  } finally {
    await image.handle.close();
  }
}

/** Of the file that the program was given, the partition `identity` without its zeroes. */
function identityIn(file: string): string {
  const place = readFileSync(file).subarray(made.identityByte, made.identityByte + mebibyte);
  return place.toString("utf8").replace(/\0+$/, "");
}

test("[K18] the program is given a copy with the token, for its owner alone and without what is a hole, and nothing stays behind", async () => {
  const { client, asked } = service();
  await write(await makeIdentity(client, "cabinet-1"), "0");
  expect(enrolmentSchema.parse(JSON.parse(identityIn(report()))).invitation.name).toBe("cabinet-1");
  const given = readFileSync(report());
  given.fill(0, made.identityByte, made.identityByte + mebibyte);
  expect(given.equals(made.bytes)).toBe(true);
  const [folder, file] = readFileSync(`${report()}.about`, "utf8").trim().split("\n");
  expect(folder).toMatch(/^700 /);
  expect(file).toMatch(new RegExp(`^600 ${made.bytes.length} `));
  // In blocks of 512 bytes: the image has 10 MiB, 5 of them no content.
  expect(Number(file?.split(" ")[2]) * 512).toBeLessThan(7 * mebibyte);
  expect([stayed(), identityIn(`${report()}.link`), asked.length]).toEqual([[], "", 1]);
  expect(readFileSync(made.file).equals(made.bytes)).toBe(true);
});

test("[K18] where the program fails the token is withdrawn, and nothing stays behind", async () => {
  const { client, asked } = service();
  await expect(write(await makeIdentity(client, "cabinet-1"), "3")).rejects.toMatchObject({
    ...{ code: "FLASH_WRITE_FAILED", message: expect.stringContaining("ended with code 3"), remedy: "the button" },
  });
  expect(identityIn(report())).toContain("cabinet-1");
  expect([asked.at(-1), stayed(), identityIn(`${report()}.link`)]).toEqual([7, [], ""]);
});

test("[K18] a program that is to end is ended, its token is withdrawn, and nothing stays behind", async () => {
  const { client, asked } = service();
  const ending = new AbortController();
  const why = new Error("enough");
  const writing = write(await makeIdentity(client, "cabinet-1"), "wait", ending.signal);
  await Promise.race([writing, vi.waitFor(() => expect(existsSync(report())).toBe(true), { timeout: 60_000 })]);
  ending.abort(why);
  await expect(writing).rejects.toBe(why);
  expect([asked.at(-1), stayed(), identityIn(`${report()}.link`)]).toEqual([7, [], ""]);
});

test("[K18] what ends before the program begins has asked for no token, or withdrawn it, and leaves nothing", async () => {
  const { client, asked } = service();
  await expect(
    write(await makeIdentity(client, "cabinet-1"), "0", AbortSignal.abort(new Error("early"))),
  ).rejects.toThrow("early");
  expect(asked).toEqual([]);
  const ending = new AbortController();
  const slow = {
    ...client,
    async openEnrolment(request: Parameters<typeof client.openEnrolment>[0]) {
      ending.abort(new Error("late"));
      return await client.openEnrolment(request);
    },
  };
  await expect(write(await makeIdentity(slow, "cabinet-1"), "0", ending.signal)).rejects.toThrow("late");
  expect([asked.at(-1), existsSync(report()), stayed()]).toEqual([7, false, []]);
});

test("[K18] a token from a file goes with a board that has it, and stays where the board has not", async () => {
  const { client } = service();
  const file = join(directory, "cabinet-1.token");
  await writeTokenFile(client, "cabinet-1", file);
  const identity = await readTokenFile(file, 1);
  await expect(write(identity, "1")).rejects.toMatchObject({ code: "FLASH_WRITE_FAILED" });
  expect(existsSync(file)).toBe(true);
  rmSync(`${report()}.link`);
  await write(identity, "0");
  expect([existsSync(file), identityIn(report())]).toEqual([false, expect.stringContaining("cabinet-1")]);
});

test("[K18] an image that is not what its map says is given to no program, with a token or without", async () => {
  const { client, asked } = service();
  const bytes = Buffer.from(made.bytes);
  bytes[8.5 * mebibyte] = (bytes[8.5 * mebibyte] ?? 0) ^ 1;
  writeFileSync(made.file, bytes);
  onTestFinished(() => writeFileSync(made.file, made.bytes));
  const invalid = { code: "FLASH_IMAGE_INVALID" };
  await expect(write(undefined, "0")).rejects.toMatchObject(invalid);
  await expect(write(await makeIdentity(client, "cabinet-1"), "0")).rejects.toMatchObject(invalid);
  expect([existsSync(report()), asked, stayed()]).toEqual([false, [], []]);
});

test("[K18] without a token the program is given the image itself, and no copy is made", async () => {
  await write(undefined, "0");
  expect(readFileSync(report()).equals(made.bytes)).toBe(true);
  expect([statSync(`${report()}.link`).ino, stayed()]).toEqual([statSync(made.file).ino, []]);
});
