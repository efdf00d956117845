import { expect, test } from "vitest";
import { compile } from "../compile.ts";

/** A board that allows guests, `policy` added to what it says. */
const board = (policy: string) => `
format: 1
board: small
title: A board
architecture: x64
memory: 1Gi
storage: 1Gi
cores: 1
backend: linux
devices: {}
pins: {}
policy:
  runners: [node, vm]
  images: [applications]
  network: []
  core-services: []
  cpu-classes: [fair]
  unsigned-commands: false
  require-full-level: true
${policy}`;

function errorsOn(policy: string): string[] {
  const guest = "one: { image: ./one, runner: vm, memory: 160Mi, kvm: required }";
  const compiled = compile(`system: example\nversion: 1.0.0\nboard: small\ncomponents:\n  ${guest}\n`, {
    file: "manifest.yaml",
    board: () => ({ file: "small.yaml", text: board(policy) }),
    hasImage: () => true,
  });
  return "errors" in compiled ? compiled.errors.map(({ code, message }) => `${code} ${message}`) : [];
}

test("[K10] [K1] a manifest cannot give itself KVM: the board's policy must allow it, and does not unless it says so", () => {
  const refused = ["MANIFEST_POLICY_FORBIDS the policy of board `small` does not allow KVM"];
  expect(errorsOn("")).toEqual(refused);
  expect(errorsOn("  kvm: false\n")).toEqual(refused);
  expect(errorsOn("  kvm: true\n")).toEqual([]);
});
