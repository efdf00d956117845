/** The commit that sources are of, by git; for the builds of releases and of images. */
import { execa } from "execa";

export type Commit = {
  readonly id: string;
  /** When it was committed, in seconds since 1970. */
  readonly dateS: number;
  /** The top of its work tree. */
  readonly top: string;
  /** The work tree, as far as it was asked about, has changes of which the commit knows nothing. */
  readonly isChanged: boolean;
};

/** Settings of a repository and of whoever builds can name programs to run, or say that it is somebody else's. */
const plain = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"];

/** The newest commit of the repository that `directory` is in, with changes in it; undefined where there is none, or no git. */
export async function commitOf(directory: string): Promise<Commit | undefined> {
  const git = (...args: string[]) =>
    execa("git", [...plain, ...args], { cwd: directory, reject: false, extendEnv: false, env: environment() });
  const [about, status] = await Promise.all([
    git("log", "-1", "--no-show-signature", "--format=%H %ct"),
    git("--no-optional-locks", "status", "--porcelain", "--", "."),
  ]);
  const [, id, seconds] = /^([0-9a-f]{40,64}) (\d{1,12})$/.exec(about.failed ? "" : about.stdout.trim()) ?? [];
  const top = await git("rev-parse", "--show-toplevel");
  if (id === undefined || top.failed) return undefined;
  const isChanged = status.failed || status.stdout !== "";
  return { id, dateS: Number(seconds), top: top.stdout, isChanged };
}

/** Its variables would let it look at another repository. */
function environment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
  };
}
