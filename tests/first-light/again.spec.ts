/** Between two starts the developer changes the sources: the device that is there gets the new release, as any device would. */
import { describe, expect, it } from "vitest";
import { eventually } from "../../studio/src/run/eventually.ts";
import { changingExample } from "./changing.ts";

const example = changingExample("againtest");

// What cannot be built, or does not start, is in `npm run prove -- ending`.
describe("[S4] sources changed between two starts", () => {
  let first: { id: string; counter: number | undefined };

  it("starts with release 1", async () => {
    first = await example.device(await example.start().up());
    expect(first.counter).toBe(1);
    await example.end();
  });

  it("starts again without a new release where nothing has changed", async () => {
    expect(await example.device(await example.start().up())).toEqual(first);
    expect(example.said()).not.toMatch(/the sources have changed/);
    await example.end();
  });

  it("deploys the change to the same device, which runs it", async () => {
    await example.addToClimate('process.stdout.write("info this is the changed climate\\n");');
    const client = await example.start().up();
    expect(example.said()).toMatch(/the sources have changed: deploying release 2/);
    expect(await example.device(client)).toEqual({ id: first.id, counter: 2 });
    await eventually("the changed component to speak", 10_000, async () => {
      const { lines } = await client.logs(first.id, { component: "climate", limit: 1000 });
      return lines.some(({ text }) => text.includes("this is the changed climate")) || undefined;
    });
    await example.end();
  });
});
