/** A fresh project and device for each test, and the two steps that most tests begin with. */
import type { Verdict } from "@bulkhead/sdk";
import { afterEach, beforeEach } from "vitest";
import {
  type BuiltForTest,
  createDevice,
  createProject,
  type Project,
  signOnline,
  type TestDevice,
} from "./project.ts";

export type Bench = {
  project: Project;
  device: TestDevice;
  /** Builds, signs and publishes a release, as metadata version `counter`. */
  publish(counter: number, content?: string, change?: Partial<BuiltForTest["release"]>): Promise<BuiltForTest>;
  /** Stages the release as an honest agent does, boots the verifier and asks it to install. */
  install(built: BuiltForTest): Promise<Verdict>;
};

/** Call at the top of a file; the bench is filled in before each test. */
export function useBench(): Bench {
  const bench: Bench = {
    project: undefined as never,
    device: undefined as never,
    async publish(counter, content = `release ${counter}`, change = {}) {
      const built = await bench.project.build(counter, content, change);
      await bench.project.sign(built);
      await signOnline(bench.project.repoDir, bench.project.online, { version: counter });
      return built;
    },
    async install(built) {
      await bench.device.stage(built);
      return (await bench.device.boot()).install(asked(built));
    },
  };
  beforeEach(async () => {
    bench.project = await createProject();
    bench.device = await createDevice(bench.project);
  });
  afterEach(() => bench.project.remove());
  return bench;
}

export const asked = (built: BuiltForTest) => ({ target: built.target, releaseDigest: built.digest });
