/** The table "Who may do what" of docs/architecture.md says what `verify` holds the core servers to. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describePermission, permissions } from "../runtime/src/verify/permissions.ts";
import { bulkheadDirectory } from "../studio/src/locations.ts";

/** Not core servers: what they are is said elsewhere, by their own code. */
const others = ["root server", "verify", "asker", "gateway (KMS side)", "kms", "drivers", "guests by KVM"];

test("[K14] the table of privileges has a row for each core server that has one, with exactly what it may have", () => {
  const text = readFileSync(join(bulkheadDirectory, "docs/architecture.md"), "utf8");
  const section = text.slice(text.indexOf("## Who may do what"), text.indexOf("## Start, restart, update"));
  const rows = [...section.matchAll(/^\| (.+?) \| (.*?) \| .*\|$/gm)].map(
    ([, who = "", what = ""]) => [who, what] as const,
  );
  const written = rows.filter(([who]) => who !== "who" && !others.includes(who));
  const expected = Object.entries(permissions).map(([name, permission]) => [name, describePermission(permission)]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(expected));
  expect(rows.filter(([who]) => others.includes(who)).length).toBe(others.length);
});
