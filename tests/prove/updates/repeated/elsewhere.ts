/**
 * Another machine, as far as one machine can be that: the checkout at another path, another user and home directory, one processor core, another
 * time zone, locale and umask, a clock that is 400 days ahead, and directories whose entries come in another order.
 */
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

export const checkout = join(import.meta.dirname, "../../../..");
const aheadS = 400 * 24 * 3600;
/** Nobody's. */
const otherUid = 42_042;

/** Answers with a later time, whoever asks the C library for it. */
const clock = `#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  int result = syscall(SYS_clock_gettime, id, at);
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += AHEAD;
  return result;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
`;

/** Stands in front of bubblewrap, whose sandbox has nothing of the environment: puts the clock into it, before the program's name. */
const front = (library: string, log: string) => `#!/bin/bash
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
echo ran >> ${log}
exec /usr/bin/bwrap "\${options[@]}" --ro-bind ${library} ${library} --setenv LD_PRELOAD ${library} "$@"
`;

export type Elsewhere = {
  /** Copies a project there, in an order of its own; returns the folder. */
  copy(project: string): Promise<string>;
  /** Runs `bulkhead`; as somebody else, unless what is needed is in the home directory of who runs this. */
  bulkhead(args: readonly string[], as: "other" | "same"): Promise<string>;
  /** The time of a program there, in a sandbox. */
  nowMs(): Promise<number>;
  readonly out: string;
  /** How many sandboxes were made there. */
  sandboxes(): Promise<number>;
  remove(): Promise<void>;
};

export async function openElsewhere(): Promise<Elsewhere> {
  const place = await mkdtemp(join(tmpdir(), "bulkhead-elsewhere-"));
  const memory = await mkdtemp("/dev/shm/bulkhead-elsewhere-");
  const mounted = join(place, "another/path/of/bulkhead");
  const [programs, home, out] = [join(place, "programs"), join(place, "home"), join(place, "out")];
  for (const folder of [mounted, programs, home, out]) await mkdir(folder, { recursive: true });
  for (const folder of [place, memory]) await chmod(folder, 0o755);
  // Who builds as root has no more rights in the sandbox than any owner of files.
  await chmod(out, 0o777);
  const [library, log] = [join(place, "clock.so"), join(place, "log")];
  await writeFile(join(place, "clock.c"), clock);
  await execa("gcc", ["-shared", "-fPIC", "-O2", `-DAHEAD=${aheadS}`, "-o", library, join(place, "clock.c")]);
  await writeFile(join(programs, "bwrap"), front(library, log), { mode: 0o755 });
  await writeFile(log, "");
  await execa("chown", ["-R", `${otherUid}:${otherUid}`, home, log]);
  const node = join(mounted, process.execPath.slice(checkout.length));

  const run = async (as: "other" | "same", command: readonly string[]): Promise<string> => {
    const who = as === "same" ? [] : ["setpriv", "--reuid", `${otherUid}`, "--regid", `${otherUid}`, "--clear-groups"];
    const settings = [
      "TZ=Pacific/Kiritimati",
      "LANG=tr_TR.UTF-8",
      "LC_ALL=tr_TR.UTF-8",
      "SOURCE_DATE_EPOCH=1800000000",
    ];
    const environment = [
      ...[`HOME=${as === "same" ? process.env["HOME"] : home}`, `PATH=${programs}:${process.env["PATH"]}`],
      ...[...settings, `LD_PRELOAD=${library}`, `TMPDIR=${home}`],
    ];
    const script = 'mount --bind "$0" "$1"; shift; umask 077; exec taskset -c 0 "$@"';
    const { stdout } = await execa("unshare", [
      ...["--mount", "--propagation", "private", "sh", "-c", script, checkout, mounted],
      ...[...who, "env", "-i", ...environment, ...command],
    ]);
    return stdout;
  };

  return {
    out,
    async copy(project) {
      const to = join(memory, "a/place/with a longer name");
      await mkdir(to, { recursive: true });
      const names = (await readdir(project)).filter((name) => name !== "node_modules");
      for (const name of names.reverse()) await cp(join(project, name), join(to, name), { recursive: true });
      await symlink(join(mounted, "node_modules"), join(to, "node_modules"));
      await execa("chmod", ["-R", "a+rX", memory]);
      return to;
    },
    bulkhead: (args, as) => run(as, [node, join(mounted, "studio/bin/bulkhead.js"), ...args]),
    async nowMs() {
      const sandbox = [
        "bwrap",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--unshare-user",
        "--clearenv",
      ];
      return Number(await run("other", [...sandbox, "--", node, "-p", "Date.now()"]));
    },
    sandboxes: async () => (await readFile(log, "utf8")).split("\n").length - 1,
    async remove() {
      await rm(place, { recursive: true, force: true });
      await rm(memory, { recursive: true, force: true });
    },
  };
}
