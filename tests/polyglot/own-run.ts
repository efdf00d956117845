/** bubblewrap for a program of a sandbox outside of a device: only /run is not the host's, so that the paths of sockets are a sandbox's. */
import { join } from "node:path";

/** Arguments before the mounts of its own, `--` and the command; `run` has the folder `ipc`. */
export const withOwnRun = (run: string): readonly string[] => [
  ...["--dev-bind", "/", "/"],
  ...["--tmpfs", "/run", "--bind", join(run, "ipc"), "/run/ipc"],
  "--die-with-parent",
];
