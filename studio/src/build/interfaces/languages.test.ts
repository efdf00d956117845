import { describe, expect, test } from "vitest";
import { cHeader } from "./c-header.ts";
import type { WireInterface } from "./describe.ts";
import { erlangModule } from "./erlang-module.ts";
import { rustModule } from "./rust-module.ts";
import { shapeOf, snakeCase } from "./shape.ts";

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const iface = (args: unknown, streams: WireInterface["streams"] = {}): WireInterface => ({
  name: "soil-probe",
  digest: "d1",
  operations: { readOnce: { arguments: args, result: { type: "null" }, idempotent: true } },
  notifications: {},
  streams,
});

describe("[K10] an interface in other languages", () => {
  test("a plain object has a type; one with optional, nested or further members is read by hand", () => {
    const plain = object({ depthMm: { type: "integer", minimum: 1, maximum: 500 }, wet: { type: "boolean" } });
    expect(shapeOf(plain)).toEqual({
      kind: "object",
      members: [
        ["depthMm", { kind: "int", min: 1, max: 500 }],
        ["wet", { kind: "bool" }],
      ],
    });
    for (const schema of [
      object({ wet: { type: "boolean" } }, []),
      object({ list: { type: "array" } }),
      { ...plain, additionalProperties: {} },
      { anyOf: [plain, { type: "null" }] },
      {},
    ]) {
      expect(shapeOf(schema)).toEqual({ kind: "by-hand" });
    }
  });

  test("integers are at most what JavaScript counts exactly", () => {
    expect(shapeOf({ type: "integer", maximum: 2 ** 60 })).toMatchObject({ type: { max: Number.MAX_SAFE_INTEGER } });
  });

  test("names are those of the language, and never a keyword", () => {
    expect(["moisturePermille", "soil-probe", "register", "type"].map(snakeCase)).toEqual([
      "moisture_permille",
      "soil_probe",
      "register_",
      "type_",
    ]);
  });

  test("name, digest and operations are written down, and the bounds of integers are checked", () => {
    const all = [iface(object({ depthMm: { type: "integer", minimum: 1, maximum: 500 } }))];
    expect(cHeader(all)).toContain(
      'soil_probe_interface = {"soil-probe", "d1", soil_probe_operations, 1, soil_probe_streams, 0}',
    );
    expect(cHeader(all)).toContain("value->depth_mm < INT64_C(1) || value->depth_mm > INT64_C(500)");
    expect(rustModule(all)).toContain("filter(|int| (1..=500).contains(int))");
    expect(erlangModule(all)).toContain('<<"readOnce">> => #{idempotent => true}');
  });

  test("streams are written down with who writes them, and types of their arguments and items", () => {
    const item = object({ wet: { type: "boolean" } });
    const all = [iface({ type: "null" }, { values: { arguments: { type: "null" }, item, direction: "from-client" } })];
    expect(cHeader(all)).toContain('soil_probe_streams[] = {{"values", false}}');
    expect(cHeader(all)).toContain("} soil_probe_values_item;");
    expect(rustModule(all)).toContain('StreamKind { name: "values", from_provider: false }');
    expect(rustModule(all)).toContain("pub struct ValuesItem {");
    expect(erlangModule(all)).toContain(`streams => #{<<"values">> => 'from-client'}`);
  });

  test("a bound that is not reached itself counts, too", () => {
    expect(shapeOf({ type: "integer", exclusiveMinimum: 0 })).toMatchObject({ type: { min: 1 } });
  });
});
