/**
 * A reporter of vitest for what its JSON report does not tell: errors outside of all tests, and those of hooks in a
 * `describe`. Writes them to the file that BULKHEAD_TEST_ERRORS names.
 */
import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { root } from "../setup/process.mjs";

/** @typedef {import("vitest/node").TestModule} TestModule */
/** @typedef {import("vitest/node").SerializedError} SerializedError */

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter by its path so
export default class ErrorsReporter {
  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly SerializedError[]} unhandled
   */
  async onTestRunEnd(modules, unhandled) {
    const place = process.env["BULKHEAD_TEST_ERRORS"];
    if (place === undefined) return;
    const errors = [...modules.flatMap(errorsOf), ...unhandled.map(readUnhandled)];
    await writeFile(place, JSON.stringify(errors));
  }
}

/** Errors of a file and of the hooks in it. @param {TestModule} module */
function errorsOf(module) {
  const file = relative(root, module.moduleId);
  const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
  return errors.map((error) => ({ file, test: "", error: textOf(error) }));
}

/** @param {SerializedError} error */
function readUnhandled(error) {
  const path = error["VITEST_TEST_PATH"];
  const during = error["VITEST_TEST_NAME"];
  const when = typeof during === "string" ? ` (while this ran: ${during})` : "";
  return {
    file: typeof path === "string" ? relative(root, path) : "",
    test: "",
    error: `outside of all tests${when}: ${textOf(error)}`,
  };
}

/** @param {SerializedError} error */
function textOf(error) {
  return error.stack || error.message;
}
