/** What the conformance suites of small devices share: for each test a bench, and a driver that runs on it. */
import type { ComponentDefinition, Interfaces } from "@bulkhead/sdk";
import { type StartedComponent, type StartOptions, startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach } from "vitest";

type Bench<Driver> = {
  /** A driver as its process begins with it: each call is a new life. */
  create(): Driver;
  close(): Promise<void>;
};

/** Of the test that runs. `driver` is stopped when it ends: a test that starts another one in its place says so here. */
export type Stage<B, P extends Interfaces> = {
  readonly bench: B;
  driver: StartedComponent<P>;
  /** `channels`: what the manifest gives to clients, for what is done before they connect. */
  start(channels?: StartOptions<Interfaces>["channels"]): Promise<StartedComponent<P>>;
};

/** To be called within `describe`. `server`: the driver's server over what `create` makes. */
export function eachOnBench<Driver, B extends Bench<Driver>, P extends Interfaces, M extends Interfaces>(
  open: () => Promise<B>,
  server: (create: () => Driver) => ComponentDefinition<Record<never, never>, P, M>,
): Stage<B, P> {
  const stage = {} as { bench: B; driver: StartedComponent<P> };
  const start = (channels: StartOptions<Interfaces>["channels"] = {}) =>
    startComponent(
      server(() => stage.bench.create()),
      { uses: {}, channels },
    );
  beforeEach(async () => {
    stage.bench = await open();
    stage.driver = await start();
  });
  afterEach(async () => {
    await stage.driver.stop();
    await stage.bench.close();
  });
  return Object.assign(stage, { start });
}
