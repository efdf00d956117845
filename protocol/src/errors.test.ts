import { expect, test } from "vitest";
import { BulkheadError, isFull, reportError } from "./errors.ts";

const ofSystem = (code: string) => Object.assign(new Error(`${code}: write`), { code });

test("[K2] what the system had no room for is said as that, whatever else it could be", () => {
  for (const code of ["ENOSPC", "EDQUOT"]) {
    expect(isFull(ofSystem(code))).toBe(true);
    expect(reportError(ofSystem(code), "BUILD_FAILED")).toEqual({ code: "STORAGE_FULL", message: `${code}: write` });
  }
});

test("an error that nobody coded is what its caller says, and one that is coded stays what it is", () => {
  for (const error of [ofSystem("EIO"), new Error("ENOSPC"), { code: "ENOSPC" }, null]) {
    expect(isFull(error)).toBe(false);
    expect(reportError(error, "BUILD_FAILED").code).toBe("BUILD_FAILED");
    expect(reportError(error).code).toBe("INTERNAL");
  }
  const coded = new BulkheadError("RELEASE_INVALID", "cannot be read", { cause: ofSystem("ENOSPC") });
  expect(reportError(coded)).toEqual({ code: "RELEASE_INVALID", message: "cannot be read" });
});
