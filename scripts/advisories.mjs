/**
 * Asks the registry for known vulnerabilities of the packages that ship. A registry without that service (a mirror) or
 * a machine without a network is said to be so, and is no failure: the lock file is audited without it.
 */
import { run } from "./setup/process.mjs";

const { output } = await run("npm", ["audit", "--omit=dev", "--audit-level=high", "--json"], { quiet: true });
const report = parse(output);
if (report?.metadata?.vulnerabilities) {
  const { high, critical } = report.metadata.vulnerabilities;
  for (const [name, { severity }] of Object.entries(report.vulnerabilities)) {
    process.stdout.write(`${name}: ${severity}\n`);
  }
  process.stdout.write(`${high} high, ${critical} critical\n`);
  process.exitCode = high + critical === 0 ? 0 : 1;
} else {
  process.stdout.write("NOT CHECKED: the registry of this machine answers no audit requests.\n");
}

/** @param {string} text what npm printed, warnings first */
function parse(text) {
  const start = text.indexOf("{");
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}
