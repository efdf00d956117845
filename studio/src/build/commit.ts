/** The commit that sources are of, by git; for the builds of releases and of images. */
import { execa } from "execa";
import { sandboxOf } from "./confined/sandbox.ts";

export type Commit = {
  readonly id: string;
  /** When it was committed, in seconds since 1970. */
  readonly dateS: number;
  /** The top of its work tree. */
  readonly top: string;
  /** The work tree, as far as it was asked about, has changes of which the commit knows nothing. */
  readonly isChanged: boolean;
};

/** Whoever owns it: nothing of it is run where it could do harm. */
const plain = ["-c", "safe.directory=*"];

/**
 * The newest commit of the repository that `directory` is in, with changes in it; undefined where there is none, or no git.
 *
 * A repository's own settings name programs: filters for files whose times have changed, monitors, what fetches a missing object. So only where it
 * lies is asked outside; the rest is asked in the sandbox of builds, where there is no network, no home directory and nothing to write to.
 */
export async function commitOf(directory: string): Promise<Commit | undefined> {
  const places = await git(directory, [
    ...["rev-parse", "--path-format=absolute"],
    ...["--show-toplevel", "--git-dir", "--git-common-dir"],
  ]);
  const [top, ...dirs] = places?.split("\n") ?? [];
  if (top === undefined || dirs.length !== 2) return undefined;
  const sandbox = [
    "bwrap",
    ...sandboxOf({ readOnly: [...new Set([top, ...dirs])], programs: [] }),
    "--chdir",
    directory,
  ];
  const ask = (...args: string[]) => git(directory, ["--no-optional-locks", ...args], [...sandbox, "--"]);
  const [about, status] = await Promise.all([
    ask("log", "-1", "--no-show-signature", "--format=%H %ct"),
    ask("status", "--porcelain", "--", "."),
  ]);
  const [, id, seconds] = /^([0-9a-f]{40,64}) (\d{1,12})$/.exec(about ?? "") ?? [];
  if (id === undefined) return undefined;
  return { id, dateS: Number(seconds), top, isChanged: status !== "" };
}

/** What it says, without the line's end; undefined where it fails. `before`: the command line in front of it. */
async function git(cwd: string, args: readonly string[], before: readonly string[] = []): Promise<string | undefined> {
  const [program = "git", ...rest] = [...before, "git", ...plain, ...args];
  const { failed, stdout } = await execa(program, rest, { cwd, reject: false, extendEnv: false, env: environment() });
  return failed ? undefined : stdout;
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
