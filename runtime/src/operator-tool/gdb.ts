/**
 * gdb on a component, with nothing of root's but the way in: the component's own uid, no capabilities, no network, of the
 * board's files its programs alone. It reads what the component wrote, symbols included, and may be taken in by it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, readlink } from "node:fs/promises";
import { findProgram, programEnvironment } from "../sandbox/programs.ts";

type Subject = { readonly pid: number; readonly uid: number | null };

export async function runGdb({ pid, uid }: Subject, more: readonly string[]): Promise<number> {
  const gdb = await findProgram("gdb", "gdb");
  const [program = "bwrap", ...args] = [...(await walls()), ...identity(uid), gdb, ...settings(pid), ...more];
  const child = spawn(program, args, {
    stdio: "inherit",
    env: { ...programEnvironment, TERM: process.env["TERM"] ?? "dumb" },
  });
  // Ctrl-C is gdb's: it stops the component.
  process.on("SIGINT", () => undefined);
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

/** The pid namespace stays, for the component is in a part of it; no user namespace, from which nobody could be traced. */
async function walls(): Promise<string[]> {
  const links = await Promise.all(["/bin", "/sbin", "/lib", "/lib64"].map(systemDirectory));
  return [
    ...["bwrap", "--die-with-parent", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL"],
    // For setpriv, which takes them away again.
    ...["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"],
    ...["--ro-bind", "/usr", "/usr", ...links.flat()],
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--setenv", "HOME", "/tmp", "--"],
  ];
}

/** On a merged /usr these are links. */
async function systemDirectory(path: string): Promise<string[]> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return [];
  return found.isSymbolicLink() ? ["--symlink", await readlink(path), path] : ["--ro-bind", path, path];
}

function identity(uid: number | null): string[] {
  const own = uid === null ? [] : ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
  return ["setpriv", ...own, "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"];
}

/** What the component sees is its root; nothing is loaded because it lies there, nothing is fetched. */
function settings(pid: number): string[] {
  return [
    ...["-q", "-nx"],
    ...["-iex", "set auto-load off", "-iex", "set debuginfod enabled off", "-iex", `set sysroot /proc/${pid}/root`],
    ...["-p", `${pid}`],
  ];
}
