/** The architecture holds: who may import whom, what may run where, and how a source looks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { devicePackages, longTables, packages } from "./architecture/packages.ts";
import * as rules from "./architecture/rules.ts";
import { loadedFrom, readSource, readSources, root } from "./architecture/sources.ts";

const sources = readSources();
const faults = (rule: (source: (typeof sources)[number]) => string[]) => sources.flatMap(rule);

function packageJson(name: string): { dependencies?: object; devDependencies?: object; engines: { node: string } } {
  return JSON.parse(readFileSync(join(root, name, "package.json"), "utf8"));
}

function dependencies(name: string) {
  const own = packageJson(name);
  // Tools that every package's tests share are listed once, in the root.
  const shared = Object.keys(packageJson(".").devDependencies ?? {});
  return {
    runtime: Object.keys(own.dependencies ?? {}),
    development: [...Object.keys(own.devDependencies ?? {}), ...shared],
  };
}

describe("imports", () => {
  test("packages import each other only in the allowed direction", () => {
    expect(faults(rules.importsOfOurs)).toEqual([]);
  });

  test("relative imports stay in their package, so nothing imports tests or scripts", () => {
    expect(faults(rules.relativeImports)).toEqual([]);
  });

  test("what only tests use is imported by tests only", () => {
    expect(faults(rules.testImports)).toEqual([]);
  });

  test("packages of others are imported only where package.json lists them", () => {
    expect(faults(rules.importsOfOthers(dependencies))).toEqual([]);
  });

  test("package.json lists no package of ours that the sources may not import", () => {
    const listed = Object.entries(packages).flatMap(([name, { mayImport, because }]) =>
      dependencies(name)
        .runtime.filter((other) => other.startsWith("@bulkhead/"))
        .filter((other) => !mayImport.some((pattern) => pattern.split("/").slice(0, 2).join("/") === other))
        .map((other) => `${name}/package.json lists ${other}: ${because}`),
    );
    expect(listed).toEqual([]);
  });
});

describe("the device part", () => {
  test("uses nothing that Node 20.19 does not have", () => {
    expect(faults(rules.node20)).toEqual([]);
  });

  test("is what says in package.json that it runs on Node 20.19", () => {
    const declared = Object.keys(packages).filter((name) => packageJson(name).engines.node === ">=20.19");
    expect(declared).toEqual(devicePackages);
  });
});

describe("the root server", () => {
  test("[K1] stays below 600 lines of its own", () => {
    const own = sources.filter(({ path, isTest }) => path.startsWith("runtime/src/root-server/") && !isTest);
    expect(own.map(({ path }) => path)).toContain("runtime/src/root-server/main.ts");
    expect(own.reduce((sum, { text }) => sum + text.split("\n").length, 0)).toBeLessThan(600);
  });

  test("[K1] loads nothing that talks to a network or reads what came from one", () => {
    const loaded = loadedFrom("runtime/src/root-server/main.ts", sources);
    expect(loaded.size).toBeGreaterThan(60);
    const network = /^(?:node:(?:http2?|https|dgram|tls|dns)(?:\/.*)?|tuf-js|@tufjs\/.*|ws|hono.*)$/;
    const found = sources
      .filter(({ path }) => loaded.has(path))
      .flatMap(({ path, imports }) =>
        imports.filter(({ isType, specifier }) => !isType && network.test(specifier)).map((used) => [path, used]),
      );
    expect(found).toEqual([]);
  });
});

describe("every source file", () => {
  test("starts with a comment that says its one job", () => {
    expect(faults(rules.headerComment)).toEqual([]);
  });

  test("has at most 400 lines, but for tables", () => {
    expect(faults(rules.fileLength)).toEqual([]);
    expect(longTables.filter((path) => !sources.some((source) => source.path === path))).toEqual([]);
  });

  test("does without the type any", () => {
    expect(faults(rules.noAny)).toEqual([]);
  });

  test("runs programs without a shell", () => {
    expect(faults(rules.noShell)).toEqual([]);
  });
});

describe("the rules themselves", () => {
  const fault = (rule: (source: ReturnType<typeof readSource>) => string[], path: string, text: string) =>
    rule(readSource(path, text));

  test("see every form of import, and none in a text or a comment", () => {
    const text = `/** Header. */
import type { A } from "./a.ts"; import "b"; export * from "c"; export type { D } from "d";
const e = await import("e"); type F = import("f").F; // import "g"
const text = \`
import h from "h";\`;`;
    const { imports } = readSource("sdk/src/x.ts", text);
    expect(imports.map(({ specifier }) => specifier).sort()).toEqual(["./a.ts", "b", "c", "d", "e", "f"]);
    expect(imports.find(({ specifier }) => specifier === "./a.ts")).toEqual({
      specifier: "./a.ts",
      line: 2,
      isType: true,
    });
  });

  test("refuse the runtime a driver, with the reason", () => {
    expect(fault(rules.importsOfOurs, "runtime/src/x.ts", 'import "@bulkhead/drivers/gpio/interface";')).toEqual([
      "runtime/src/x.ts:1 imports @bulkhead/drivers/gpio/interface, but runtime may import of ours only " +
        "@bulkhead/protocol, @bulkhead/sdk, @bulkhead/sdk/channel: it runs as root on the device; it must not depend on what it confines (drivers, agent) or on the KMS",
    ]);
  });

  test("refuse the studio the insides of the KMS, and allow its entry", () => {
    expect(fault(rules.importsOfOurs, "studio/src/x.ts", 'import "@bulkhead/kms/src/main.ts";')).toHaveLength(1);
    expect(fault(rules.importsOfOurs, "studio/src/x.ts", 'import "@bulkhead/kms";')).toEqual([]);
    expect(fault(rules.relativeImports, "studio/src/x.ts", 'import "../../kms/src/main.ts";')).toHaveLength(1);
  });

  test("allow a component the interface of a driver, not its server", () => {
    const importing = (specifier: string) =>
      fault(rules.importsOfOurs, "manifests/a/b/main.ts", `import "${specifier}";`);
    expect(importing("@bulkhead/drivers/gpio/interface")).toEqual([]);
    expect(importing("@bulkhead/drivers/gpio/server")).toHaveLength(1);
  });

  test("let tests alone import what tests share", () => {
    const text = 'import "@bulkhead/sdk/testing";';
    expect(fault(rules.importsOfOurs, "runtime/src/x.test.ts", text)).toEqual([]);
    expect(fault(rules.importsOfOurs, "runtime/src/x.ts", text)).toHaveLength(1);
    expect(fault(rules.testImports, "runtime/src/x.ts", 'import "./testing/y.ts";')).toHaveLength(1);
    expect(fault(rules.testImports, "runtime/src/testing/x.ts", 'import "./y.test.ts";')).toEqual([]);
  });

  test("refuse a device what Node 20.19 lacks, and allow it on hosts and in tests", () => {
    for (const text of [
      'import { DatabaseSync } from "node:sqlite";',
      "const { resolve } = Promise.withResolvers();",
      "const x = map.values().map((v) => v + 1);",
    ]) {
      expect(fault(rules.node20, "sdk/src/x.ts", text)).toHaveLength(1);
      expect(fault(rules.node20, "sdk/src/x.test.ts", text)).toEqual([]);
      expect(fault(rules.node20, "kms/src/x.ts", text)).toEqual([]);
    }
  });

  test("refuse an unlisted package, a development package in a source, a missing header, any, a shell, a long file", () => {
    const others = rules.importsOfOthers(() => ({ runtime: ["zod"], development: ["vitest"] }));
    expect(fault(others, "sdk/src/x.ts", 'import "zod/v4"; import "vitest"; import "ws"; import "fs";')).toHaveLength(
      3,
    );
    expect(fault(others, "sdk/src/x.test.ts", 'import "vitest";')).toEqual([]);
    expect(fault(rules.headerComment, "sdk/src/x.ts", "const a = 1;")).toHaveLength(1);
    expect(fault(rules.noAny, "sdk/src/x.ts", "const a = b as any; // any")).toHaveLength(1);
    expect(fault(rules.noShell, "sdk/src/x.ts", 'spawn("ls", { shell: true });')).toHaveLength(1);
    expect(fault(rules.fileLength, "sdk/src/x.ts", "\n".repeat(401))).toHaveLength(1);
  });
});
