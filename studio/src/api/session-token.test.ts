import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSessionToken } from "./session-token.ts";

const token = "A".repeat(43);
let directory: string;
const file = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-token-"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("[M20] the session token", () => {
  test("is read from its file", async () => {
    await writeFile(file("good"), `${token}\n`);
    expect(await readSessionToken(file("good"))).toBe(token);
  });

  test("is never another file's content, which would be sent to the service", async () => {
    await symlink(file("good"), file("link"));
    await expect(readSessionToken(file("link"))).rejects.toMatchObject({ code: "ELOOP" });
    await writeFile(file("key"), JSON.stringify({ privateKey: token }));
    await expect(readSessionToken(file("key"))).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    await writeFile(file("long"), token.repeat(3));
    await expect(readSessionToken(file("long"))).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    await execa("mkfifo", [file("fifo")]);
    await expect(readSessionToken(file("fifo"))).rejects.toMatchObject({ code: "STATE_DAMAGED" });
  });
});
