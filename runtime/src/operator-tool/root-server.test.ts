import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { initCommand } from "../device/init-command.ts";
import { isItsCommand } from "./root-server.ts";

const node = "/usr/lib/bulkhead/node";
const config = "/usr/lib/bulkhead/root-server.json";
const isIts = (...words: string[]) => isItsCommand(words, { nodePath: node, configFile: config });

/** What the kernel shows of the root server that a unit starts: behind what is started in front of it. */
function startedBy(unit: string): string[] {
  const file = join(import.meta.dirname, "../../../images", unit);
  const [, command = ""] = /^ExecStart=(.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
  const words = command.replace("@init-command@", initCommand.join(" ")).split(" ");
  return words.slice(words.lastIndexOf("--") + 1);
}

test.each(["root/usr/lib/systemd/system/bulkhead-root-server.service", "archive/bulkhead-root-server.service"])(
  "[K2] what %s starts is taken for the root server",
  (unit) => {
    expect(isIts(...startedBy(unit))).toBe(true);
  },
);

test("[K2] what a device of this machine starts is taken for the root server", () => {
  expect(isIts(node, "/devices/platform/root-server.js", "--config", config)).toBe(true);
});

test.each([
  ["another Node", ["/usr/bin/node", "root-server.js", "--config", config]],
  ["another configuration", [node, "root-server.js", "--config", "/etc/other.json"]],
  ["more than a configuration", [node, "root-server.js", "--config", config, "import", "file"]],
  ["no program", [node, "--config", config]],
  ["options alone", [node, "--v8-pool-size=1", "--config", config]],
  ["an option that is no long one", [node, "-r", "root-server.js", "--config", config]],
  ["two programs", [node, "one.js", "root-server.js", "--config", config]],
  ["a program behind the end of Node's options", [node, "--", "root-server.js", "--config", config]],
  ["nothing", []],
])("[K2] a process with %s is not", (_, words) => {
  expect(isIts(...words)).toBe(false);
});
