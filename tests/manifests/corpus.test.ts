/**
 * The corpus: one tiny manifest per rule, named after the rule it breaks. Its first three lines are the whole error that
 * its author must see: code and place, what is wrong, the way out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "@bulkhead/protocol";
import { parseBoard } from "@bulkhead/protocol/manifest";
import { describe, expect, test } from "vitest";
import { compileText } from "./boards.ts";

const namesIn = (folder: string) => readdirSync(join(import.meta.dirname, folder)).sort();
const read = (folder: string, name: string) => readFileSync(join(import.meta.dirname, folder, name), "utf8");

describe("invalid manifests", () => {
  test.each(namesIn("invalid"))("[K1] %s is refused with exactly its error", (name) => {
    const text = read("invalid", name);
    const compiled = compileText(text, name);
    const errors = "errors" in compiled ? compiled.errors : [];
    const shown = errors.map(({ code, place, message, remedy }) => [
      `# ${code} ${place?.line}:${place?.column}`,
      `# ${message}`,
      `# → ${remedy ?? "-"}`,
    ]);
    expect(shown).toEqual([text.split("\n").slice(0, 3)]);
    expect(errors[0]?.place?.file).toBe(name);
  });

  test("[K1] every manifest error of the table is met by at least one of them", () => {
    const met = new Set(namesIn("invalid").map((name) => read("invalid", name).split(" ")[1]));
    const codes = Object.keys(errorTable).filter((code) => code.startsWith("MANIFEST_"));
    expect(codes.filter((code) => !met.has(code))).toEqual([]);
  });
});

describe("valid manifests", () => {
  test.each(namesIn("valid"))("[K1] %s compiles", (name) => {
    const compiled = compileText(read("valid", name), name);
    expect("errors" in compiled ? compiled.errors : []).toEqual([]);
  });

  test("[K1] the order of start puts providers first, also against the order of writing", () => {
    const compiled = compileText(read("valid", "weak-users.yaml"));
    const order = "plan" in compiled ? compiled.plan.startOrder : [];
    expect(order.slice(-4)).toEqual(["plant-pins", "gpio", "reader", "writer"]);
    expect(order.indexOf("key-store")).toBeLessThan(order.indexOf("kms-agent"));
  });

  test("[K20] who names no cores is kept where the runtime is, core servers too, and the others are where they say", () => {
    const compiled = compileText(read("valid", "housekeeping.yaml"));
    const plan = "plan" in compiled ? compiled.plan : undefined;
    const { quiet, prompt, ...others } = plan?.components ?? {};
    expect(plan?.housekeepingCores).toEqual([0]);
    expect([quiet?.cores, prompt?.cores]).toEqual([[1, 2], [3]]);
    expect(Object.keys(others)).toEqual(expect.arrayContaining(["any", "message-server", "kms-agent"]));
    expect(new Set(Object.values(others).map(({ cores }) => cores.join()))).toEqual(new Set(["0"]));
  });

  test("[K1] every key of the language reaches the system", () => {
    const compiled = compileText(read("valid", "every-key.yaml"));
    const plan = "plan" in compiled ? compiled.plan : undefined;
    expect(plan?.policy).toEqual({ unsignedCommands: false, requireFullLevel: false });
    expect(plan?.components["one"]).toEqual({
      role: "application",
      image: { source: "./nested/folder-2" },
      runner: "node",
      devices: [],
      network: ["mqtt"],
      environment: "hosted",
      trustGroup: null,
      cpu: { class: "deadline", budgetUs: 500, periodUs: 10_000 },
      cores: [1],
      memoryBytes: 64 * 1024 ** 2,
      processes: 40,
      openFiles: 100,
      storage: { quotaBytes: 1024 ** 3, keep: true },
      restart: {
        policy: "transient",
        intensity: 0,
        periodMs: 60_000,
        backoff: { initialMs: 1, factorPercent: 150, maxMs: 10_000 },
        escalate: "previous-generation",
        hold: true,
      },
      spare: false,
      trace: { ringBytes: 16 * 1024, enabled: true },
      attach: [],
      secrets: ["mqtt-password"],
      heartbeat: { periodMs: 250, missed: 8 },
      readyMs: 30_000,
      stopMs: 500,
      requires: ["own-uid", "namespaces", "seccomp", "cgroup", "cores", "deadline", "storage-quota"],
      config: {
        text: "hello",
        list: [1, 2, { deep: true }],
        nothing: null,
        levelMilliC: 26_500,
        mode: "eco",
        isLit: true,
      },
    });
    expect(plan?.overlayable?.values).toEqual({
      "one.config.text": { type: "text", maxLength: 40 },
      "one.config.levelMilliC": { type: "integer", min: 15_000, max: 35_000 },
      "one.config.mode": { type: "choice", of: ["eco", "full"] },
      "one.config.isLit": { type: "boolean" },
      "one.memory": { type: "integer", min: 64 * 1024 ** 2, max: 96 * 1024 ** 2 },
      "one.network": { type: "subset", of: ["mqtt"] },
    });
    expect(plan?.sleep).toEqual({ everyMs: 900_000, awakeMs: 30_000 });
    expect(plan?.update).toEqual({ restart: "all", windowMs: 60_000, steadyMs: 5000, kms: true, pinned: true });
    expect(plan?.store).toEqual({ telemetryBytes: 8 * 1024 ** 2, logsBytes: 2 * 1024 ** 2, traceBytes: 512 * 1024 });
    const sensor = plan?.channels.find(({ client, name }) => client === "one" && name === "sensor");
    const { operations, inspect, ratePerSecond } = sensor ?? {};
    expect({ operations, inspect, ratePerSecond }).toEqual({
      operations: ["read", "write"],
      inspect: true,
      ratePerSecond: 50,
    });
    const channelsOf = (component: string) => plan?.channels.filter(({ client }) => client === component) ?? [];
    expect(channelsOf("two").find(({ provider }) => provider === "one")?.leaseBytes).toBe(64 * 1024);
    expect(channelsOf("one").find(({ name }) => name === "secrets")).toMatchObject({
      provider: "key-store",
      grant: { names: ["mqtt-password"] },
    });
    expect(plan?.components["two"]?.spare).toBe(true);
    expect(plan?.components["i2c"]?.config).toEqual({ backend: "simulated" });
  });
});

describe("board files", () => {
  const folder = "../../manifests/boards";
  test.each(namesIn(folder))("[K18] %s is valid and named after its board", (file) => {
    const parsed = parseBoard({ file, text: read(folder, file) });
    expect("board" in parsed ? `${parsed.board.board}.yaml` : parsed.errors).toBe(file);
  });

  test("[K1] an error in a board file points into the board file", () => {
    const parsed = parseBoard({ file: "x.yaml", text: "format: 1\nboard: x\nmemroy: 1Gi\n" });
    const errors = "errors" in parsed ? parsed.errors : [];
    expect(errors).toContainEqual({
      code: "MANIFEST_UNKNOWN_KEY",
      message: "unknown key `memroy` at the top level",
      place: { file: "x.yaml", line: 3, column: 1 },
      remedy: "did you mean `memory`?",
    });
  });
});
