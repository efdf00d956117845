import type { StoredCommand } from "@bulkhead/kms";
import { describe, expect, test } from "vitest";
import { errorOf } from "./commands.ts";

describe("[M15] what a device answers to a command", () => {
  test("reaches the terminal as words only", () => {
    const answer = { state: "refused", code: "COMMAND_INVALID", message: "no\u001b[2J" } as StoredCommand;
    expect(errorOf(answer)).toMatchObject({ code: "COMMAND_INVALID", message: "the device refused it: no\\u001b[2J" });
  });
});
