/** Between two starts the developer breaks the sources: it is said where, and what ran before runs on. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { changingExample } from "../../first-light/changing.ts";

const example = changingExample("brokentest");

describe("[S4] sources broken between two starts", () => {
  let first: { id: string; counter: number | undefined };

  it("starts with release 1", async () => {
    first = await example.device(await example.start().up());
    expect(first.counter).toBe(1);
    await example.end();
  });

  it("refuses a change that cannot be built, with the place, and loses nothing", async () => {
    const file = example.file("climate/main.ts");
    const good = await readFile(file, "utf8");
    await writeFile(file, `${good}\nconst = ;\n`);
    const code = await example.start().ended;
    await writeFile(file, good);
    expect([code, example.said()]).toEqual([1, expect.stringMatching(/climate\/main\.ts:\d+:\d+: BUILD_FAILED: /)]);
    expect(await example.device(await example.start().up())).toEqual(first);
    await example.end();
  });

  it("says why where the change does not start on the device, and the release before runs on", async () => {
    const file = example.file("climate/main.ts");
    const good = await readFile(file, "utf8");
    // Only on the device: one that cannot even be loaded is refused by the build, which loads it.
    await example.addToClimate('if (process.argv[1] === "/app/main.js") throw new Error("broken on purpose");');
    const code = await example.start().ended;
    await writeFile(file, good);
    expect([code, example.said()]).toEqual([1, expect.stringMatching(/^RELEASE_FAILED_TO_START: /m)]);
    const client = await example.start().up();
    expect((await example.device(client)).id).toBe(first.id);
    await example.end();
  });
});
