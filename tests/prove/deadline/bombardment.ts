/** The bombs of the hostile battery (tests/hostile) in sandboxes of their own, one after the other without pause. */
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { until } from "../../../runtime/src/root-server/testing/bench.ts";
import type { Sandbox } from "../../../runtime/src/sandbox/spec.ts";
import type { Bench } from "../../../runtime/src/sandbox/testing/harness.ts";

/** Those that need nothing but what a component has to itself. */
export const bombs = [
  ...["spinning", "system-calls", "threads", "lines", "bytes", "one-line", "descriptors", "sockets", "inotify"],
  ...["disk", "memory", "crash"],
];
const bombMs = 300;
const folder = join(import.meta.dirname, "../../hostile/system/raw");
const limits = {
  ...{ memoryBytes: 16 * 1024 ** 2, processes: 32, files: 64 },
  cpu: { class: "fair", weight: 100 },
} as const;

export type Bombardment = {
  /** How often each was thrown. */
  readonly thrown: ReadonlyMap<string, number>;
  stop(): Promise<void>;
};

/** Compiles the hostile component with the compiler that there is: `cc`, or Debian's smallest. */
async function compileHostile(bench: Bench): Promise<string> {
  const program = join(bench.directory, "hostile");
  const sources = (await readdir(folder)).filter((name) => name.endsWith(".c")).map((name) => join(folder, name));
  const compile = (compiler: string) => execa(compiler, ["-o", program, ...sources, "-lpthread"]);
  await compile("cc").catch(() => compile("tcc"));
  await chmod(program, 0o755);
  return program;
}

/** Throws bombs until it is stopped; rejects there with what went wrong meanwhile. */
export async function startBombardment(bench: Bench): Promise<Bombardment> {
  const program = await compileHostile(bench);
  const thrown = new Map<string, number>();
  let isOver = false;

  async function start(): Promise<Sandbox> {
    const { stdout: needed } = await execa("ldd", [program]);
    const libraries = [...needed.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
    const sandbox = await bench.start({
      name: "hostile",
      command: ["/hostile"],
      limits,
      cgroup: `${bench.instance}/hostile`,
      mounts: [program, ...libraries].map((path) => ({
        ...{ kind: "ro" as const, source: path },
        target: path === program ? "/hostile" : path,
      })),
    });
    sandbox.control.resume();
    return sandbox;
  }

  /** Resolves with whether it is still there. */
  async function ask(sandbox: Sandbox, bomb: string): Promise<boolean> {
    const place = (name: string) => `/proc/${sandbox.componentPid}/root/tmp/${name}`;
    let hasEnded = false;
    void sandbox.exited.then(() => {
      hasEnded = true;
    });
    const count = (thrown.get(bomb) ?? 0) + 1;
    const token = `# ${bomb} ${count}`;
    const text = `${token}\nbomb ${bomb} ${bombMs}\n.\n`;
    const isAsked = () =>
      writeFile(place("ask"), text, { flag: "r+" }).then(
        () => true,
        () => false,
      );
    await until(async () => hasEnded || (await isAsked()), `the place to ask for ${bomb}`);
    const isDone = async () => (await readFile(place("said"), "utf8").catch(() => "")).startsWith(`${token}\n`);
    await until(async () => hasEnded || (await isDone()), `the end of ${bomb}`);
    thrown.set(bomb, count);
    return !hasEnded;
  }

  async function bombard(): Promise<void> {
    let sandbox: Sandbox | undefined;
    while (!isOver) {
      for (const bomb of bombs) {
        if (isOver) break;
        sandbox ??= await start();
        if (await ask(sandbox, bomb)) continue;
        await sandbox.exited;
        sandbox = undefined;
      }
    }
    sandbox?.kill();
    await sandbox?.exited;
  }

  const over = bombard();
  over.catch(() => undefined);
  return {
    thrown,
    async stop() {
      isOver = true;
      await over;
    },
  };
}
