import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { expiresAtMs, service } from "./testing/service.ts";
import { readTokenFile, writeTokenFile } from "./token-file.ts";

function freeName(): string {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-token-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "cabinet-1.token");
}

test("[K18] a token's file is its owner's alone, and takes the place of nothing", async () => {
  const { client, asked } = service();
  const file = freeName();
  await writeTokenFile(client, "cabinet-1", file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = readFileSync(file, "utf8");
  symlinkSync(`${file}.elsewhere`, `${file}.link`);
  for (const taken of [file, `${file}.link`]) {
    await expect(writeTokenFile(client, "cabinet-1", taken)).rejects.toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  }
  expect([readFileSync(file, "utf8"), existsSync(`${file}.elsewhere`), asked.length]).toEqual([before, false, 1]);
});

test("[K18] where the service gives no token no file stays, so the same command can be given again", async () => {
  const { client } = service();
  const file = freeName();
  const openEnrolment = () => Promise.reject(new BulkheadError("STUDIO_UNREACHABLE", "away"));
  await expect(writeTokenFile({ ...client, openEnrolment }, "cabinet-1", file)).rejects.toThrow("away");
  expect(existsSync(file)).toBe(false);
  await writeTokenFile(client, "cabinet-1", file);
});

test("[K18] a token that the file does not take is withdrawn: its name is free again", async () => {
  const { client, asked } = service();
  const file = freeName();
  // Nothing that JSON can say.
  const openEnrolment = async (request: Parameters<typeof client.openEnrolment>[0]) => {
    const answer = await client.openEnrolment(request);
    return { ...answer, enrolment: { ...answer.enrolment, expiresAtMs: 1n as unknown as number } };
  };
  await expect(writeTokenFile({ ...client, openEnrolment }, "cabinet-1", file)).rejects.toThrow(TypeError);
  expect([asked.at(-1), existsSync(file)]).toEqual([7, false]);
});

async function tokenFile() {
  const file = freeName();
  return { file, enrolment: await writeTokenFile(service().client, "cabinet-1", file) };
}
const refused = expect.objectContaining({
  code: "ENROLMENT_INVALID",
  remedy: expect.stringContaining("bulkhead device token"),
});

test("[K18] a token from a file is on the card as it was made, and the file goes when the card has it", async () => {
  const { file, enrolment } = await tokenFile();
  const identity = await readTokenFile(file, 1);
  expect(identity.name).toBe("cabinet-1");
  expect(JSON.parse(String(await identity.enrol()))).toEqual(enrolment);
  await identity.withdraw();
  expect(existsSync(file)).toBe(true);
  await identity.done();
  expect(existsSync(file)).toBe(false);
});

test("[K18] a token from a file that others can read, that is a link, altered or out of time is refused, and in no error", async () => {
  const { file, enrolment } = await tokenFile();
  const reason = (path: string, nowMs = 1) => readTokenFile(path, nowMs).catch((error: unknown) => error);
  expect(await reason(file, expiresAtMs)).toEqual(refused);
  const link = `${file}.link`;
  symlinkSync(file, link);
  expect(await reason(link)).toEqual(refused);
  expect(await reason(`${file}.absent`)).toEqual(refused);
  chmodSync(file, 0o640);
  expect(await reason(file)).toEqual(refused);
  chmodSync(file, 0o600);
  writeFileSync(file, readFileSync(file, "utf8").slice(0, -5));
  const error = await reason(file);
  expect(error).toEqual(refused);
  expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain(enrolment.token.privateKey);
});

test("[K18] what is no file of a token's size is refused at once, and not read", async () => {
  const { file } = await tokenFile();
  const reason = (path: string) => readTokenFile(path, 1).catch((error: unknown) => error);
  // JSON may end with any number of spaces.
  writeFileSync(file, `${readFileSync(file, "utf8")}${" ".repeat(256 * 1024)}`);
  expect(await reason(file)).toEqual(refused);
  const pipe = `${file}.pipe`;
  await execa("mkfifo", ["-m", "600", pipe]);
  // Nobody writes there: who opens it as a file waits for ever.
  expect(await reason(pipe)).toEqual(refused);
  expect(await reason(tmpdir())).toEqual(refused);
});
