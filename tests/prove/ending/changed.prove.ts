/** Between two starts the developer changes the sources: the device that is there gets the new release, as any device would. What is broken is said, and what ran before runs on. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { changingExample } from "./changing.ts";

const example = changingExample("againtest");

describe("[S4] sources changed between two starts", () => {
  let latest: { id: string; counter: number | undefined };

  it("starts with release 1", async () => {
    latest = await example.device(await example.start().up());
    expect(latest.counter).toBe(1);
    await example.end();
  });

  it("starts again without a new release where nothing has changed", async () => {
    expect(await example.device(await example.start().up())).toEqual(latest);
    expect(example.said()).not.toMatch(/the sources have changed/);
    await example.end();
  });

  it("deploys the change to the same device, which runs it", async () => {
    await example.addToClimate('process.stdout.write("info this is the changed climate\\n");');
    const client = await example.start().up();
    expect(example.said()).toMatch(/the sources have changed: deploying release 2/);
    const second = await example.device(client);
    expect(second).toEqual({ id: latest.id, counter: 2 });
    latest = second;
    await eventually("the changed component to speak", 10_000, async () => {
      const { lines } = await client.logs(latest.id, { component: "climate", limit: 1000 });
      return lines.some(({ text }) => text.includes("this is the changed climate")) || undefined;
    });
    await example.end();
  });

  it("refuses a change that cannot be built, with the place, and loses nothing", async () => {
    const file = example.file("climate/main.ts");
    const good = await readFile(file, "utf8");
    await writeFile(file, `${good}\nconst = ;\n`);
    const code = await example.start().ended;
    await writeFile(file, good);
    expect([code, example.said()]).toEqual([1, expect.stringMatching(/climate\/main\.ts:\d+:\d+: BUILD_FAILED: /)]);
    expect(await example.device(await example.start().up())).toEqual(latest);
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
    expect((await example.device(client)).id).toBe(latest.id);
    await example.end();
  });
});
