/** What devices run is a bundle on their own Node, not these sources: the verifier must judge alike there. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeEach, describe, expect, test } from "vitest";
import { bundle } from "../../studio/src/build/bundle.ts";
import { asked, useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";

const bench = useBench();
// The system's Node is 20 where the tests run in CI; elsewhere it is at least another one than the pinned.
const nodes = [process.execPath, "/usr/bin/node"].filter((node) => existsSync(node));

let program = "";
beforeEach(async () => {
  program = join(bench.project.root, "bundle/main.js");
  await bundle("program", fileURLToPath(new URL("./verifier-program.ts", import.meta.url)), program);
});

async function installWith(node: string, built: BuiltForTest) {
  await bench.device.stage(built);
  const request = join(bench.project.root, "request.json");
  const { directories, config } = bench.device;
  await writeFile(request, JSON.stringify({ directories, config, asked: asked(built) }));
  return JSON.parse((await execa(node, [program, request])).stdout);
}

describe.each(nodes)("the bundled verifier on %s", (node) => {
  test("[M11] endorses what is signed, and says no with the same codes", async () => {
    const built = await bench.publish(1);
    expect(await installWith(node, built)).toEqual({
      verdict: expect.objectContaining({ accepted: true }),
      told: [{ kind: "activate", body: { releaseDigest: built.digest } }],
    });
    await signOnline(bench.project.repoDir, bench.project.online, { version: 2, expiresInMs: -5_000 });
    // Told again of what it endorsed before, and of nothing else.
    expect(await installWith(node, built)).toMatchObject({
      verdict: { code: "RELEASE_METADATA_EXPIRED" },
      told: [{ kind: "activate", body: { releaseDigest: built.digest, again: true } }],
    });
  });
});
