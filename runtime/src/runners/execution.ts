/** What a runner makes of a component: the part of its sandbox that depends on what executes it, and nothing else. */
import type { Component } from "@bulkhead/protocol";
import type { Mount, SandboxSpec } from "../sandbox/index.ts";

/** A component to be executed, with the places that its runner may show to it. */
export type Subject = {
  readonly name: string;
  readonly component: Component;
  /** Directory of its bundle, as bubblewrap reaches it. */
  readonly bundle: string;
  readonly nodePath: string;
  /** Holds what other runners need, each in a directory of its name: `bun`, `erlang`, `elixir`. */
  readonly runtimesDir: string;
  /** It is shown the device's KVM. */
  readonly hasKvm: boolean;
  /** Directory of the program that runs the members of a trust group. */
  readonly workerHost: string;
};

/** `mounts` has the bundle and its interpreter; channels and privileges are the root server's to add. */
export type Execution = Pick<SandboxSpec, "command" | "environment" | "profile" | "surroundings"> & {
  readonly mounts: readonly Mount[];
};

export type Runner = (subject: Subject) => Promise<Execution>;

/** Where every runner shows the bundle. */
export const bundleInside = "/app";

/** What a program of a hosted environment may expect to be told. */
export const hostedEnvironment: Readonly<Record<string, string>> = {
  HOME: "/tmp",
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

/**
 * The same for Node. glibc lets its heap grow and keeps what is freed: by 2 MB in a component that has just started. So
 * the end of the heap is given back from 128 KiB on, grows by 64, and threads share one more beside the main thread's.
 */
export const nodeEnvironment: Readonly<Record<string, string>> = {
  ...hostedEnvironment,
  MALLOC_ARENA_MAX: "2",
  MALLOC_TOP_PAD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

export function bundleMount({ bundle }: Subject): Mount {
  return { kind: "ro", source: bundle, target: bundleInside };
}
