/** The identity of a board that no service knows: what `bulkhead flash` puts into the partition `identity`. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey, generateX25519Key } from "@bulkhead/protocol";
import { buildPlatform, developmentRing, initKeys, initRepository } from "@bulkhead/studio";
import { execa } from "execa";

export type Gateway = { readonly host: string; readonly port: number; readonly tunnelKey: string };

/** At an address where nobody answers. */
const nobody = (): Gateway => ({ host: "198.18.0.1", port: 51820, tunnelKey: generateX25519Key().publicKey });

/** A tar archive of provisioning.json, keys/ and sealing/. */
export async function makeIdentity({ tunnelKey, ...endpoint }: Gateway = nobody()): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-identity-"));
  try {
    const path = (name: string) => join(directory, name);
    await buildPlatform(path("platform"));
    for (const name of ["board", "board/keys", "board/sealing"]) await mkdir(path(name), { mode: 0o700 });
    const init = [path("platform/key-store-init.js"), path("board/keys"), path("board/sealing")];
    const { stdout } = await execa(process.execPath, init);
    await initKeys(path("project"), "development");
    const online = { snapshotKey: generateSigningKey().publicKey, timestampKey: generateSigningKey().publicKey };
    const root = await initRepository(await developmentRing(path("project")), path("repository"), online);
    const provisioning = {
      format: 1,
      deviceId: "d-0123456789abcdef",
      name: "prove",
      ...JSON.parse(stdout),
      kms: {
        instanceKey: generateSigningKey().publicKey,
        tunnelKey,
        endpoint,
        address: "fd00:1:2::1",
        proxies: { mqtt: 7002 },
      },
      addressPrefix: "fd00:1:2:0:0:0:1:0",
      tufRoot: await readFile(root.file, "utf8"),
    };
    await writeFile(path("board/provisioning.json"), JSON.stringify(provisioning));
    const archive = ["--create", "--file", path("identity.tar"), "--directory", path("board")];
    await execa("tar", [...archive, "provisioning.json", "keys", "sealing"]);
    return await readFile(path("identity.tar"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
