/**
 * The sandbox of a build: bubblewrap, as around components. No network, no home directory, nothing of the environment; what it may see is
 * read-only, what it makes goes to one directory. So are the settings that would otherwise come from whoever builds: time zone, locale, umask.
 */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Places } from "./places.ts";

const system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
/** Debian's choices among programs, and where the loader finds libraries. */
const settings = [
  "/etc/alternatives",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/erlang",
  "/etc/gcc",
];

/** bubblewrap's options, without the `--` in front of a program. `outDir`: the one place that can be written to, which exists. */
export function sandboxOf({ readOnly, programs }: Places, outDir?: string): string[] {
  const path = [...programs, "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  return [
    ...["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"],
    ...["--setenv", "PATH", path, "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8", "--setenv", "TZ", "UTC"],
    ...["--hostname", "build", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    ...[...system, ...settings].flatMap((place) => ["--ro-bind-try", place, place]),
    // Outer ones first: what lies within another is mounted upon it.
    ...[...readOnly].sort().flatMap((place) => ["--ro-bind", place, place]),
    ...(outDir === undefined ? [] : ["--bind", outDir, outDir]),
    ...["--chdir", "/tmp"],
  ];
}

/** Runs `command` with `input` as its standard input; returns its standard output. Throws MISSING_PROGRAM, BUILD_UNCONFINED. */
export async function runConfined(
  places: Places,
  outDir: string,
  command: readonly string[],
  input: string,
): Promise<string> {
  const child = await execa("bwrap", [...sandboxOf(places, outDir), "--", ...command], { input, reject: false });
  if (child.code === "ENOENT") {
    throw new BulkheadError("MISSING_PROGRAM", "builds run in a sandbox, and bubblewrap is not installed", {
      remedy: "apt-get install bubblewrap",
    });
  }
  if (!child.failed) return child.stdout;
  const refused = /^bwrap: (.*)$/m.exec(child.stderr)?.[1];
  if (refused !== undefined) {
    throw new BulkheadError("BUILD_UNCONFINED", `bubblewrap says: ${refused}`, {
      remedy: "allow user namespaces to who builds; in a container, start it with leave to make them",
    });
  }
  throw new BulkheadError(
    "BUILD_FAILED",
    `the build ended early: ${child.stderr.split("\n")[0] || child.shortMessage}`,
  );
}
