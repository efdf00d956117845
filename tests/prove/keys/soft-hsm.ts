/** SoftHSM, a PKCS #11 token in software: Debian's packages unpacked into the cache, with a configuration and tokens of its own. */
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const cache = join(import.meta.dirname, "../../../.cache/softhsm");

/** Makes a token in `directory` and sets SOFTHSM2_CONF for this process. Returns the path of the module. */
export async function makeToken(directory: string, label: string, pin: string): Promise<string> {
  const root = await unpack();
  const module = join(root, "usr/lib/softhsm/libsofthsm2.so");
  const tokens = join(directory, "tokens");
  await mkdir(tokens);
  process.env["SOFTHSM2_CONF"] = join(directory, "softhsm2.conf");
  await writeFile(join(directory, "softhsm2.conf"), `directories.tokendir = ${tokens}\n`);
  const init = ["--module", module, "--init-token", "--free", "--label", label];
  // The PIN of a test's own token, which is gone with it: the tool takes it in no other way.
  await execa(join(root, "usr/bin/softhsm2-util"), [...init, "--pin", pin, "--so-pin", pin]);
  return module;
}

async function unpack(): Promise<string> {
  const root = join(cache, "root");
  if (existsSync(join(root, "usr/bin/softhsm2-util"))) return root;
  await mkdir(cache, { recursive: true });
  await execa("apt-get", ["download", "softhsm2", "libsofthsm2"], { cwd: cache });
  for (const name of (await readdir(cache)).filter((one) => one.endsWith(".deb"))) {
    await execa("dpkg-deb", ["--extract", join(cache, name), root]);
  }
  return root;
}
