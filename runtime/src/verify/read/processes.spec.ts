import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readEnvironment } from "./files.ts";
import { readProcesses } from "./processes.ts";

/** Its main thread ends; the other goes on. Says so once that is so. */
const program = `
#include <pthread.h>
#include <unistd.h>
static pthread_t first;
static void *go_on(void *nothing) {
  pthread_join(first, 0);
  write(1, "alone\\n", 6);
  pause();
  return nothing;
}
int main(void) {
  pthread_t other;
  first = pthread_self();
  pthread_create(&other, 0, go_on, 0);
  pthread_exit(0);
}
`;

test("[K8] a process whose main thread has ended is not hidden by that, and a large environment takes no memory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-hidden-"));
  try {
    await writeFile(join(directory, "hidden.c"), program);
    await execa("cc", ["-pthread", "-o", join(directory, "hidden"), join(directory, "hidden.c")]);
    const env = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`V${index}`, "x".repeat(100_000)]));
    const child = execa(join(directory, "hidden"), { env, reject: false, stdin: "ignore", buffer: false });
    await once(child.stdout, "data");
    expect((await readProcesses()).map(({ pid }) => pid)).toContain(child.pid);
    child.kill("SIGKILL");
    await child;
    expect((await readProcesses()).map(({ pid }) => pid)).not.toContain(child.pid);

    const large = execa("sleep", ["60"], { env, reject: false });
    const environment = await readEnvironment(large.pid ?? 0);
    expect(environment.join("").length).toBeLessThan(100_000);
    large.kill("SIGKILL");
    await large;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
