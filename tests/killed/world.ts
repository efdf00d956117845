/** What stays while a device is killed: signed releases, each with the metadata of its time, served over real HTTP. */

import { createReadStream } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { installFactoryRelease, unpackTree } from "@bulkhead/runtime";
import { type BuiltForTest, createDevice, createProject, signOnline } from "../releases/project.ts";

export type World = {
  readonly config: Awaited<ReturnType<typeof createDevice>>["config"];
  /** From the second on; the first is the one that a device is flashed with. */
  readonly releases: readonly {
    readonly counter: number;
    readonly digest: string;
    readonly target: string;
    readonly file: string;
    /** It is found bad when it is tried. */
    readonly isBad: boolean;
    /** Where the management service is that offers it. */
    readonly port: number;
  }[];
};

export type MadeWorld = {
  readonly world: World;
  readonly file: string;
  /** A device that was just flashed. */
  flash(): Promise<string>;
  remove(): Promise<void>;
};

/** `count` releases; every fifth is bad, and every fourth raises the security epoch. */
export async function makeWorld(count: number): Promise<MadeWorld> {
  const project = await createProject();
  const { config } = await createDevice(project, { unsignedCommands: false });
  const servers: Server[] = [];
  const releases: World["releases"][number][] = [];
  const publish = async (counter: number): Promise<BuiltForTest> => {
    const built = await project.build(counter, `release ${counter} `.repeat(5000), {
      builtAtMs: Date.now() - 1_000_000 + counter,
      securityEpoch: Math.floor(counter / 4),
    });
    await project.sign(built);
    await signOnline(project.repoDir, project.online, { version: counter });
    return built;
  };
  const first = await publish(1);
  for (let counter = 2; counter <= count + 1; counter += 1) {
    const built = await publish(counter);
    const server = await serve(project.repoDir, join(project.root, `served-${counter}`), built);
    servers.push(server);
    const { digest, target, dir } = built;
    const { port } = server.address() as AddressInfo;
    releases.push({ counter, digest, target, port, isBad: counter % 5 === 0, file: join(dir, "release.json") });
  }
  const file = join(project.root, "world.json");
  const world = { config, releases };
  await writeFile(file, JSON.stringify(world));
  let devices = 0;

  async function flash(): Promise<string> {
    devices += 1;
    const root = await mkdtemp(join(project.root, `killed-${devices}-`));
    for (const name of ["data/releases", "endorsed", "verifier", "staging"]) {
      await mkdir(join(root, name), { recursive: true });
    }
    const trees = join(root, "factory");
    await mkdir(trees);
    for (const { digest } of first.release.artifacts) {
      await unpackTree(createReadStream(join(first.dir, "blobs", digest)), join(trees, digest));
    }
    await installFactoryRelease(join(root, "data"), first.release, trees);
    await rm(trees, { recursive: true });
    return root;
  }

  return {
    world,
    file,
    flash,
    async remove() {
      for (const server of servers) server.close();
      await project.remove();
    },
  };
}

async function serve(repository: string, directory: string, built: BuiltForTest): Promise<Server> {
  await cp(repository, join(directory, "metadata"), { recursive: true });
  await mkdir(join(directory, "targets"));
  await cp(join(built.dir, "release.json"), join(directory, "targets", `${built.digest}.${built.target}`));
  await cp(join(built.dir, "blobs"), join(directory, "blobs"), { recursive: true });
  const server = createServer(async ({ url = "", headers }, response) => {
    const found = await readFile(join(directory, url.replace("/device/v1/", ""))).catch(() => undefined);
    if (!found) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    if (from > 0) response.writeHead(206, { "content-range": `bytes ${from}-${found.length - 1}/${found.length}` });
    response.end(found.subarray(from));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
