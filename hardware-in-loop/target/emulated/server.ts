/** The Studio Server that an emulated board is enrolled with, and the project whose releases it takes. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { addBase } from "../../../studio/src/build/base.ts";
import { type BuiltRelease, buildRelease } from "../../../studio/src/build/index.ts";
import type { Signer } from "../../../studio/src/keys/signer.ts";
import { wire } from "../../../studio/src/run/paths.ts";
import { showProgress } from "../../../studio/src/run/progress.ts";
import { developmentOperator, ensureProject, publish, uploadRoots } from "../../../studio/src/run/project.ts";
import { claimSite, takeDownOnFailure } from "../../../studio/src/run/site.ts";
import { type Studio, startStudio } from "../../../studio/src/run/studio.ts";
import { imageDateS } from "./image.ts";

export type Server = Studio & {
  /** By which the command line finds it. */
  readonly name: string;
  /** The namespace of the world that the board's packets come from. */
  readonly namespace: string;
  note(text: string): void;
  /** Builds a manifest with that counter, signs it and gives it to the service; with the base system of the image in `imageDir`. */
  publish(manifest: string, releaseCounter: number, imageDir?: string): Promise<BuiltRelease>;
  /** Signs commands to its devices. */
  operator(): Promise<Signer>;
  stop(): Promise<void>;
};

const namespace = "uplink-1";

/** Throws ALREADY_RUNNING where another run of this station has it, and what a start of the server throws. */
export async function startServer(name: string): Promise<Server> {
  const progress = showProgress();
  const site = await claimSite({ name, fresh: true }, progress);
  return takeDownOnFailure(site, async () => {
    const studio = await startStudio(site, { port: 0, uploads: "verified" }, progress);
    const { paths, client, identity, world } = studio;
    const project = { keysDir: paths.keysDir, repositoryDir: paths.repositoryDir };
    await ensureProject(project, identity);
    await uploadRoots(client, project.repositoryDir);
    await world.attach(namespace, `${wire.device(1)}/${wire.prefixLength}`);
    return {
      ...studio,
      name,
      namespace,
      note: progress.note,
      operator: () => developmentOperator(project),
      async publish(manifest, releaseCounter, imageDir) {
        const outDir = join(paths.buildDir, String(releaseCounter));
        const alone = await buildRelease({ manifest, outDir, releaseCounter, builtAtMs: imageDateS * 1000 });
        const built = imageDir === undefined ? alone : await addBase(alone, imageDir);
        await publish(client, project, built);
        return built;
      },
      async stop() {
        await site.stop();
        await rm(paths.stateDir, { recursive: true, force: true });
      },
    };
  });
}
