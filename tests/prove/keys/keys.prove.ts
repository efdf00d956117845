/** The guide to the ceremonies, command by command, with encrypted keys, questions at a terminal, and a token. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey, verifySignature } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openKeyRing, openSigner } from "../../../studio/src/keys/key-ring.ts";
import { makeTokenKey, tokenSigner } from "../../../studio/src/keys/token.ts";
import { readNewestTargets } from "../../../studio/src/sign/metadata.ts";
import { asked } from "../../releases/bench.ts";
import { createDevice, createProject, publicHalves, signOnline } from "../../releases/project.ts";
import { commandsOf, passphrase, runBulkhead } from "../updates/guide/guide-device.ts";
import { makeToken } from "./soft-hsm.ts";

const guide = join(import.meta.dirname, "../../../docs/guide/keys.md");
const program = join(import.meta.dirname, "../../../studio/bin/bulkhead.js");
const before = process.cwd();

let directory = "";
let module = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
  module = await makeToken(directory, "alice", passphrase);
  await writeFile(join(directory, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
  process.chdir(directory);
});
afterAll(async () => {
  process.chdir(before);
  await rm(directory, { recursive: true, force: true });
});

/** What the guide leaves to a person: the passphrase, and the answer to a question. */
function withAnswers(args: readonly string[]): string[] {
  const asks = /^(keys (init|new|overlay|operators)|root|sign|request sign)/.test(args.join(" "));
  return [...args, ...(asks ? ["--passphrase-file", "passphrase"] : []), ...(args[1] === "sign" ? ["--yes"] : [])];
}

test("[M11] the commands of the guide do in their order what it says, and a device takes what they signed", async () => {
  const project = await createProject();
  try {
    await mkdir("out");
    const built = await Promise.all([1, 2, 3].map((counter) => project.build(counter, `release ${counter}`)));
    for (const [at, { dir }] of built.entries()) await cp(dir, join("out", String(at + 1)), { recursive: true });
    const online = publicHalves(project.online);
    const lines = await commandsOf("keys.md");
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      const args = line
        .replace("SNAPSHOT-KEY", online.snapshotKey)
        .replace("TIMESTAMP-KEY", online.timestampKey)
        .replace("TOKEN-MODULE", module)
        .split(" ");
      const { code, output } = await runBulkhead(withAnswers(args));
      expect([line, code, code === 0 ? "" : output]).toEqual([line, 0, ""]);
      expect(output).not.toContain(passphrase);
    }
    const repoDir = join(directory, "repository");
    await signOnline(repoDir, project.online, { version: 1 });
    const device = await createDevice({ ...project, repoDir });
    const newest = built[2] as (typeof built)[number];
    await device.stage(newest);
    expect(await (await device.boot()).install(asked(newest))).toMatchObject({ accepted: true });
    const [first] = built;
    const targets = (await readNewestTargets(repoDir))?.signed.targets;
    expect(targets?.[first?.target ?? ""]?.custom).toMatchObject({ opensTo: first?.digest });
    const { code, output } = await runBulkhead(["keys", "status", "--repository", "repository", "--within", "181"]);
    expect([code, output]).toEqual([1, expect.stringContaining("bulkhead sign --refresh")]);
    expect(output).toContain("overlays-field: 1 of 1");
  } finally {
    await project.remove();
  }
});

/** Runs a line of shell at a pseudo-terminal; gives the passphrase when each of the questions is there. Returns what was shown. */
async function atTerminal(line: string, questions: readonly string[]): Promise<string> {
  const child = execa("script", ["-qec", line, "/dev/null"], { stdin: "pipe", reject: false });
  const open = [...questions];
  let shown = "";
  child.stdout.on("data", (piece: Buffer) => {
    shown += piece.toString();
    while (open[0] !== undefined && shown.includes(open[0])) {
      open.shift();
      child.stdin.write(`${passphrase}\n`);
    }
  });
  await child;
  return shown;
}

test("[M11] a passphrase is asked for at the terminal, twice where it is new, and is not shown", async () => {
  const line = `'${process.execPath}' '${program}' keys new terminal.json --role targets`;
  const shown = await atTerminal(line, ["New passphrase for terminal.json (", "The same again ("]);
  expect(shown).toMatch(/terminal\.json: targets key/);
  expect(shown).not.toContain(passphrase.slice(0, 5));
  const options = { development: false, passphrases: async () => passphrase };
  const ring = await openKeyRing("terminal.json", options);
  const [key] = ring.keys;
  const bytes = Buffer.from("x");
  const signer = key && (await openSigner(key, ring.passphrases));
  expect(verifySignature(key?.publicKey ?? "", bytes, (await signer?.sign(bytes)) ?? "")).toBe(true);
});

test("[M11] without a terminal a passphrase comes from a file of one's own or a descriptor, and from nothing else", async () => {
  const keysNew = (...more: string[]) => [
    program,
    "keys",
    "new",
    `${more.length}-${more[0]}.json`,
    "--role",
    "root",
    ...more,
  ];
  const run = (args: string[], stdin: "ignore" | string) =>
    execa("setsid", ["--wait", process.execPath, ...args], {
      reject: false,
      ...(stdin === "ignore" ? { stdin: "ignore" } : { input: stdin }),
    });
  expect(await run(keysNew(), "ignore")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("nobody can be asked"),
  });
  expect(await run(keysNew("--passphrase-fd", "0"), `${passphrase}\n`)).toMatchObject({ exitCode: 0 });
  await writeFile("open", passphrase, { mode: 0o644 });
  const refused = await run(keysNew("--passphrase-file", "open"), "ignore");
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("is not readable by you alone") });
});

test("[M11] an encrypted key is a file that OpenSSL opens too, and its passphrase takes a while to try", async () => {
  await runBulkhead(["keys", "new", "standard.json", "--role", "root", "--passphrase-file", "passphrase"]);
  const { kept, publicKey } = JSON.parse(await readFile("standard.json", "utf8"));
  const inside = ["pkey", "-passin", "file:passphrase", "-pubout", "-outform", "DER"];
  const { stdout } = await execa("openssl", inside, { input: kept.pkcs8, encoding: "buffer" });
  expect(Buffer.from(stdout).subarray(-32).toString("base64url")).toBe(publicKey);
  const { stdout: form } = await execa("openssl", ["asn1parse"], { input: kept.pkcs8 });
  // scrypt (1.3.6.1.4.1.11591.4.11) with N = 2^14, r = 8, p = 5.
  expect(form).toMatch(/scrypt|1\.3\.6\.1\.4\.1\.11591\.4\.11/);
  expect(form).toMatch(/INTEGER\s+:4000\n[\s\S]*INTEGER\s+:08\n[\s\S]*INTEGER\s+:05\n/);
});

test("[M11] a token signs with a key that was made in it, and refuses what it is not asked rightly", async () => {
  const place = { module, token: "alice", key: "proof" };
  const pin = async () => passphrase;
  const publicKey = await makeTokenKey(place, passphrase);
  const bytes = Buffer.from("a release");
  const signer = await tokenSigner(place, publicKey, pin);
  expect(verifySignature(publicKey, bytes, await signer.sign(bytes))).toBe(true);
  await expect(makeTokenKey(place, passphrase)).rejects.toMatchObject({ message: expect.stringContaining("already") });
  const other = generateSigningKey().publicKey;
  const wrong: [Promise<unknown>, string][] = [
    [tokenSigner(place, publicKey, async () => "wrong"), "does not take this PIN"],
    [tokenSigner(place, other, pin), "another key proof than the file names"],
    [tokenSigner({ ...place, key: "none" }, publicKey, pin), "has no Ed25519 key none"],
    [tokenSigner({ ...place, token: "bob" }, publicKey, pin), "0 tokens are called bob"],
    [tokenSigner({ ...place, module: guide }, publicKey, pin), "cannot be loaded"],
  ];
  for (const [attempt, words] of wrong) {
    await expect(attempt).rejects.toMatchObject({ code: "TOKEN_FAILED", message: expect.stringContaining(words) });
  }
});
