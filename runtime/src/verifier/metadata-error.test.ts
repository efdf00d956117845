import { BulkheadError } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { metadataError } from "./metadata-error.ts";

const noSpace = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

test("[M11] what a full disk did not take is not held against the metadata", () => {
  expect(metadataError(noSpace()).code).toBe("STORAGE_FULL");
  // As tuf-js passes it on.
  const persist = `Failed to persist metadata targets error: ${noSpace()}`;
  expect(metadataError(new Error(persist)).code).toBe("STORAGE_FULL");
  expect(metadataError(new Error(`Unable to load targets error Error: ${persist}`)).code).toBe("STORAGE_FULL");
});

test("[M11] metadata that speaks of a full disk is not valid all the same", () => {
  for (const text of ["ENOSPC: no space left on device", "unknown role ENOSPC", "Failed to persist metadata ENOSPC:"])
    expect(metadataError(new Error(text)).code).toBe("RELEASE_METADATA_INVALID");
});

test("[M11] a coded error passes as it is", () => {
  const coded = new BulkheadError("KEY_WEAK", "a weak key");
  expect(metadataError(coded)).toBe(coded);
});
