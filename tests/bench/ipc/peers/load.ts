/** The peers' packages, from where the benchmark has put them. */
import { createRequire } from "node:module";

/** `BENCH_PEERS` is the directory that `peers/package.json` was installed into. */
export async function loadPeer<T>(name: string): Promise<T> {
  const require = createRequire(`${process.env["BENCH_PEERS"] ?? "."}/`);
  return (await import(require.resolve(name))) as T;
}
