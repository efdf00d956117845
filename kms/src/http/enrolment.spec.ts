/** A board that brings the token of its card becomes a device, once. */
import { generateSigningKey, partAddress } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { alterEnrolment, come, invite } from "../fixtures/board.ts";
import { download } from "../fixtures/device.ts";
import { createWorld, type World } from "../fixtures/world.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.remove());

describe("[K18] enrolment by a token", () => {
  const devices = async () =>
    ((await world.kms.call("GET", "/devices")).body["devices"] as { name: string; id: string }[]).map(
      ({ name, id }) => ({ name, id }),
    );
  const awaited = async () =>
    ((await world.kms.call("GET", "/enrolments")).body["enrolments"] as { name: string }[]).map(({ name }) => name);

  it("makes the board that brings it a device, with the key that the board made, and the token is worth nothing after", async () => {
    const invited = await invite(world, "cabinet-1");
    expect(await awaited()).toContain("cabinet-1");
    expect((await invite(world, "cabinet-1")).body).toMatchObject({
      code: "CONFLICT",
      detail: expect.stringMatching(/"cabinet-1" is waited for already, until \d{4}-/),
      remedy: expect.stringContaining('bulkhead device withdraw "cabinet-1"'),
    });
    const { answer, deviceId, deviceKey } = await come(world, invited);
    expect(answer).toBe("welcome");
    expect(await devices()).toContainEqual({ name: "cabinet-1", id: deviceId });
    expect(await awaited()).not.toContain("cabinet-1");
    // Whoever has read the card, from the same address in the tunnel.
    await expect(come(world, invited)).rejects.toThrow("DEVICE_AUTHENTICATION_FAILED");
    // The board itself, whose welcome was lost on the way.
    expect(await come(world, invited, { deviceKey })).toMatchObject({ answer: "welcome" });
    const { body } = await world.kms.call("GET", `/devices/${deviceId}/events`);
    expect((body["events"] as { code: string }[]).filter(({ code }) => code === "ENROLLED")).toHaveLength(1);
  });

  it("lets one of two in that come with one token at the same time", async () => {
    const invited = await invite(world, "twins");
    // The address belongs to who is in: a twin that greets after that is refused for its name.
    const late = (error: Error) => {
      expect(error.message).toContain("DEVICE_AUTHENTICATION_FAILED");
      return { answer: "ENROLMENT_REFUSED" };
    };
    const answers = await Promise.all([come(world, invited), come(world, invited)].map((one) => one.catch(late)));
    expect(answers.map(({ answer }) => answer).toSorted()).toEqual(["ENROLMENT_REFUSED", "welcome"]);
    expect((await devices()).filter(({ name }) => name === "twins")).toHaveLength(1);
  });

  it("refuses another board's token, one that is for another key, and none, and stays open for the right one", async () => {
    const [mine, other] = [await invite(world, "mine"), await invite(world, "other")];
    const refused = { answer: "ENROLMENT_REFUSED" };
    expect(await come(world, { ...mine, token: other.token })).toMatchObject(refused);
    expect(await come(world, mine, { vouchedFor: generateSigningKey() })).toMatchObject(refused);
    expect(await come(world, mine, { shows: false })).toMatchObject(refused);
    expect((await devices()).map(({ name }) => name)).not.toContain("mine");
    expect(await come(world, mine)).toMatchObject({ answer: "welcome" });
  });

  it("refuses what has run out or was withdrawn, and takes its place in the tunnel away", async () => {
    const [late, withdrawn] = [await invite(world, "late"), await invite(world, "withdrawn")];
    const keys = () => (world.gateway.peers() ?? []).map(({ publicKey }) => publicKey);
    await vi.waitFor(() => expect(keys()).toContain(late.tunnelKey.publicKey), patience);
    await alterEnrolment(world, "late", { expiresAtMs: 1 });
    expect((await world.kms.call("DELETE", `/enrolments/${withdrawn.number()}`)).status).toBe(200);
    for (const one of [late, withdrawn]) await expect(come(world, one)).rejects.toThrow();
    await vi.waitFor(() => expect(keys()).not.toContain(late.tunnelKey.publicKey), patience);
    await vi.waitFor(() => expect(world.kms.log()).toContain("did not come in time"), patience);
    expect((await invite(world, "late")).status).toBe(200);
    expect((await world.kms.call("DELETE", `/enrolments/${withdrawn.number()}`)).status).toBe(404);
  });

  it("refuses what runs out, or is given out anew, between the board's greeting and its proof", async () => {
    const anew = { tokenKey: generateSigningKey().publicKey };
    for (const [name, values] of [["slow", { expiresAtMs: 1 }] as const, ["given anew", anew] as const]) {
      const meanwhile = () => alterEnrolment(world, name, values);
      const { answer } = await come(world, await invite(world, name), { meanwhile });
      expect([name, answer]).toEqual([name, "ENROLMENT_REFUSED"]);
    }
  });

  it("gives a board that has only a token nothing else of the service", async () => {
    const invited = await invite(world, "curious");
    const root = () => {
      const source = partAddress(invited.invitation().addressPrefix, 2);
      return download(world.deviceSocket, source, "/device/v1/metadata/1.root.json");
    };
    await expect(root()).rejects.toThrow();
    await come(world, invited);
    expect((await root()).status).toBe(200);
  });

  it("is not given for a name or a tunnel key that somebody has, nor for longer than a week", async () => {
    const invited = await invite(world, "first of its name");
    const { deviceKey, tunnelKey } = await world.enrol("enrolled by its keys");
    const conflict = { status: 409, body: { code: "CONFLICT" } };
    expect(await invite(world, "first of its name")).toMatchObject(conflict);
    expect(await invite(world, "enrolled by its keys")).toMatchObject(conflict);
    expect(await invite(world, "another name", { tunnelKey })).toMatchObject(conflict);
    expect(await invite(world, "another name", { tunnelKey: invited.tunnelKey })).toMatchObject(conflict);
    const twice = { name: "twice", deviceKey: deviceKey.publicKey, tunnelKey: invited.tunnelKey.publicKey };
    expect(await world.kms.call("POST", "/devices", twice)).toMatchObject(conflict);
    expect((await invite(world, "for ever", { lifeMs: 8 * 24 * 3600_000 })).status).toBe(400);
  });
});
