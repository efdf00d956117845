import { stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { deviceIdOf, errorTable } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { makeDeviceKeys } from "../fixtures/device.ts";
import { createWorld, type World } from "../fixtures/world.ts";
import { openApiDocument } from "../index.ts";
import { apiRoutes } from "./openapi.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

let world: World;
beforeAll(async () => {
  world = await createWorld({ webDir: join(import.meta.dirname, "../fixtures/page") });
});
afterAll(() => world.remove());

type Sent = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

/** fetch() would not let us lie about Host and Origin. */
function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Sent> {
  return new Promise((resolve, reject) => {
    // Node frames no body of a DELETE by itself.
    const framed = body === undefined ? headers : { ...headers, "content-length": `${Buffer.byteLength(body)}` };
    const outgoing = request({ port: world.kms.port, method, path, headers: framed }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

const bearer = () => ({ authorization: `Bearer ${world.kms.token}` });
const ownOrigin = () => `http://127.0.0.1:${world.kms.port}`;
const codeOf = ({ body }: Sent) => (JSON.parse(body) as { code: string }).code;

async function logIn(): Promise<string> {
  const { body } = await world.kms.call("POST", "/login-links");
  const { pathname, search } = new URL(String(body["url"]));
  const answer = await send("GET", pathname + search);
  return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
}

describe("[M19] the API of a Studio Server", () => {
  it("answers nobody without the session token", async () => {
    for (const headers of [
      {},
      { authorization: "Bearer wrong" },
      { authorization: world.kms.token },
      { cookie: "bulkhead-session=x" },
    ]) {
      const answer = await send("GET", "/api/v1/devices", headers as Record<string, string>);
      expect([answer.status, codeOf(answer)]).toEqual([401, "NOT_AUTHENTICATED"]);
    }
    expect((await send("GET", "/api/v1/devices", bearer())).status).toBe(200);
  });

  it("keeps its token where only its user can read it", async () => {
    expect((await stat(join(world.config.stateDir, "session-token"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(world.config.stateDir, "instance.json"))).mode & 0o777).toBe(0o600);
  });

  it("refuses a host name that is not its own, on every path", async () => {
    for (const path of ["/", "/login", "/api/v1/health", "/api/v1/devices"]) {
      for (const host of ["evil.example", `evil.example:${world.kms.port}`, "127.0.0.1", "127.0.0.1:1"]) {
        const answer = await send("GET", path, { ...bearer(), host });
        expect([path, host, answer.status]).toEqual([path, host, 403]);
        expect(codeOf(answer)).toBe("HOST_FORBIDDEN");
      }
    }
    for (const name of ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"]) {
      const answer = await send("GET", "/api/v1/health", { host: `${name}:${world.kms.port}` });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });

  it("refuses pages of other origins, and the cookie where no origin is named", async () => {
    const cookie = await logIn();
    const body = JSON.stringify({ command: { kind: "restart-runtime" } });
    const post = (headers: Record<string, string>) =>
      send(
        "POST",
        "/api/v1/devices/d-0000000000000000/commands",
        { "content-type": "application/json", cookie, ...headers },
        body,
      );
    for (const headers of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: "http://127.0.0.1:1" },
      {},
    ]) {
      const answer = await post(headers as Record<string, string>);
      expect([answer.status, codeOf(answer)]).toEqual([403, "ORIGIN_FORBIDDEN"]);
    }
    expect(codeOf(await post({ origin: ownOrigin() }))).toBe("NOT_FOUND");
    const events = await send("GET", "/api/v1/events", { cookie, origin: "http://evil.example" });
    expect(codeOf(events)).toBe("ORIGIN_FORBIDDEN");
    const crossSite = await send("GET", "/api/v1/events", { cookie, "sec-fetch-site": "cross-site" });
    expect(codeOf(crossSite)).toBe("ORIGIN_FORBIDDEN");
  });

  it("logs a browser in by a link that works once and leaves no token in the address", async () => {
    const { pathname, search } = new URL(world.kms.loginUrl);
    expect(world.kms.loginUrl).not.toContain(world.kms.token);
    const first = await send("GET", pathname + search);
    expect([first.status, first.headers["location"]]).toEqual([303, "/"]);
    const cookie = String(first.headers["set-cookie"]);
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(world.kms.token);
    expect((await send("GET", "/api/v1/devices", { cookie: cookie.split(";")[0] ?? "" })).status).toBe(200);
    const second = await send("GET", pathname + search);
    expect([second.status, second.headers["set-cookie"]]).toEqual([401, undefined]);
  });

  it("does not take the cookie's value for a token", async () => {
    const value = (await logIn()).split("=")[1];
    expect((await send("GET", "/api/v1/devices", { authorization: `Bearer ${value}` })).status).toBe(401);
  });

  it("tells browsers to run nothing but its own scripts, in no frame", async () => {
    for (const path of ["/", "/api/v1/health", "/api/v1/nothing", "/login"]) {
      const { headers } = await send("GET", path);
      expect(headers["content-security-policy"]).toContain("script-src 'self'");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
    }
  });

  it("[M20] serves the page for every path of its own, and no file outside of it", async () => {
    for (const path of ["/", "/devices/d-0000000000000000"]) {
      expect((await send("GET", path)).body).toContain("<title>page of the spec</title>");
    }
    expect((await send("GET", "/script.js")).headers["content-type"]).toMatch(/javascript/);
    for (const path of ["/../world.ts", "/..%2fworld.ts", "/%2e%2e/world.ts", "//etc/passwd"]) {
      const { body } = await send("GET", path);
      expect(body).not.toMatch(/createWorld|root:x/);
    }
    expect(codeOf(await send("GET", "/api/v1/nothing", bearer()))).toBe("NOT_FOUND");
  });

  it("cuts off a body that is too large before it has read it", async () => {
    const huge = "x".repeat(9 * 1024 * 1024);
    const answer = await send("POST", "/api/v1/devices", { ...bearer(), "content-type": "application/json" }, huge);
    expect([answer.status, codeOf(answer)]).toEqual([413, "REQUEST_TOO_LARGE"]);
  });
});

describe("[M2] enrolment", () => {
  const enrol = (body: unknown) => world.kms.call("POST", "/devices", body);
  const keys = () => {
    const { deviceKey, tunnelKey } = makeDeviceKeys();
    return { deviceKey: deviceKey.publicKey, tunnelKey: tunnelKey.publicKey };
  };

  it("[M3] gives each device an address range of its own and tells the gateway", async () => {
    const [one, two] = [await world.enrol("range one"), await world.enrol("range two")];
    expect(one.provisioning.addressPrefix).not.toBe(two.provisioning.addressPrefix);
    expect(one.provisioning.deviceId).toBe(deviceIdOf(one.deviceKey.publicKey));
    expect(one.provisioning).toMatchObject({ tufRoot: world.project.root, kms: { proxies: { mqtt: 1883 } } });
    await vi.waitFor(() => {
      const allowed = `${two.provisioning.addressPrefix}/112`;
      expect(world.gateway.peers()).toContainEqual({ publicKey: two.tunnelKey.publicKey, allowedPrefix: allowed });
    }, patience);
  });

  it("[K13] lets a device in anew whose clock went back, on request, and keeps that it was done", async () => {
    const { provisioning, tunnelKey } = await world.enrol("clock");
    const answer = await world.kms.call("POST", `/devices/${provisioning.deviceId}/reset-tunnel`);
    expect(answer).toMatchObject({ status: 200, body: { reset: provisioning.deviceId } });
    expect(world.gateway.resets).toEqual([tunnelKey.publicKey]);
    const { body } = await world.kms.call("GET", `/devices/${provisioning.deviceId}/events`);
    expect(body["events"]).toMatchObject([{ code: "TUNNEL_RESET" }]);
    const unknown = await world.kms.call("POST", "/devices/d-0000000000000000/reset-tunnel");
    expect(unknown).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(world.gateway.resets).toHaveLength(1);
  });

  it("never gives the address of a deleted device to another", async () => {
    const gone = await world.enrol("gone");
    await world.kms.call("DELETE", `/devices/${gone.provisioning.deviceId}`);
    const next = await world.enrol("next");
    expect(next.provisioning.addressPrefix).not.toBe(gone.provisioning.addressPrefix);
  });

  it("refuses a name or key that is taken, and keeps the first", async () => {
    const first = { name: "taken", ...keys() };
    expect((await enrol(first)).status).toBe(200);
    const attempts = [
      { ...keys(), name: "taken" },
      { ...keys(), name: "other", deviceKey: first.deviceKey },
      { ...keys(), name: "other", tunnelKey: first.tunnelKey },
      { ...keys(), name: "other", tunnelKey: (await world.kms.call("GET", "/instance")).body["tunnelKey"] },
    ];
    for (const body of attempts) expect(await enrol(body)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
  });

  it.each([
    ["deviceKey", Buffer.alloc(32).toString("base64url")],
    ["deviceKey", Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url")],
    ["tunnelKey", Buffer.alloc(32).toString("base64url")],
    ["tunnelKey", Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url")],
  ])("refuses a weak %s", async (field, key) => {
    const answer = await enrol({ name: `weak ${field}`, ...keys(), [field]: key });
    expect(answer).toMatchObject({ status: 400, body: { code: "KEY_WEAK" } });
  });
});

describe("[M20] events", () => {
  it("streams what happens to whoever watches, and not to strangers", async () => {
    const cookie = await logIn();
    expect((await send("GET", "/api/v1/events")).status).toBe(401);
    const watching = new AbortController();
    const response = await fetch(`${world.kms.url}/api/v1/events`, { headers: { cookie }, signal: watching.signal });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let seen = "";
    const reading = (async () => {
      for await (const chunk of response.body ?? []) seen += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    await vi.waitFor(() => expect(seen).toContain(": welcome"), patience);
    const { provisioning } = await world.enrol("watched");
    await vi.waitFor(
      () => expect(seen).toContain(`event: device\ndata: {"type":"device","device":{"id":"${provisioning.deviceId}"`),
      patience,
    );
    watching.abort();
    await reading;
  });
});

describe("[M20] the description of the API", () => {
  it("is what the service serves, names each operation once, and every reference leads somewhere", async () => {
    const document = await openApiDocument();
    const served = await send("GET", "/api/v1/openapi.json");
    expect(JSON.parse(served.body)).toEqual(JSON.parse(JSON.stringify(document)));
    const { paths, components, openapi } = document as Described;
    expect(openapi).toMatch(/^3\.1/);
    const operations = Object.values(paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids).toHaveLength(apiRoutes.length);
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(10);
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
  });

  it("covers every route that answers", async () => {
    const { paths } = (await openApiDocument()) as Described;
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods).filter((name) => name !== "get" || !path.endsWith("/events"))) {
        const url = path.replace("{id}", "d-0000000000000000").replace("{digest}", "0".repeat(64));
        const answer = await send(method.toUpperCase(), url, bearer());
        expect([path, method, answer.body.includes("there is nothing at")]).toEqual([path, method, false]);
      }
    }
  });

  it("answers whatever is sent to it with a problem that has a code, never with a crash", async () => {
    const paths = apiRoutes.filter(({ method }) => method !== "get").map(({ method, path }) => ({ method, path }));
    const command = fc.record({ command: fc.anything(), timeoutMs: fc.anything() });
    const enrolment = fc.record({ name: fc.string(), deviceKey: fc.string(), tunnelKey: fc.string() });
    const upload = fc.record({
      roots: fc.dictionary(fc.constantFrom("1.root.json", "2.root.json", "x"), fc.string()),
      targets: fc.json(),
    });
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      ...[command, enrolment, upload].map((value) => value.map((it) => JSON.stringify(it, plain))),
    );
    const id = fc.oneof(fc.constant("d-0000000000000000"), fc.string().map(encodeURIComponent));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), id, body, async ({ method, path }, param, text) => {
        fc.pre(path !== "/api/v1/login-links" && param !== "." && param !== "..");
        const url = path.replace(/\{\w+\}/, param);
        const answer = await send(method.toUpperCase(), url, { ...bearer(), "content-type": "application/json" }, text);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(answer.headers["content-type"]).toBe("application/problem+json");
        expect(errorTable).toHaveProperty(codeOf(answer));
      }),
      { numRuns: 300 },
    );
    expect((await send("GET", "/api/v1/health")).status).toBe(200);
  });

  it("refuses query and path values that make no sense", async () => {
    const { provisioning } = await world.enrol("queried");
    const path = `/api/v1/devices/${provisioning.deviceId}/logs`;
    for (const query of ["limit=0", "limit=x", "limit=1e9", "after=-1", "after=1e300", "component=A%00"]) {
      const answer = await send("GET", `${path}?${query}`, bearer());
      expect([query, answer.status, codeOf(answer)]).toEqual([query, 400, "REQUEST_INVALID"]);
    }
  });
});

type Described = {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string }>>;
  components: { schemas: Record<string, unknown> };
};

/** JSON has no bigint, and fc.anything() makes them. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
