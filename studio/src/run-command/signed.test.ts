import { expect, test } from "vitest";
import { signedOf } from "./signed.ts";

const signed = { release: "out", repository: "repository" };

test("[S8] a signed release is named by its directory and its repository, or none is", () => {
  expect(signedOf({ manifest: "manifest.yaml" })).toBeUndefined();
  expect(signedOf(signed)).toEqual({
    releaseDir: expect.stringMatching(/^\/.*\/out$/),
    repositoryDir: expect.stringMatching(/^\/.*\/repository$/),
  });
});

test.each([{ release: "out" }, { repository: "repository" }, { ...signed, manifest: "manifest.yaml" }])(
  "[S8] %o does not say which release",
  (given) => {
    expect(() => signedOf(given)).toThrow(expect.objectContaining({ code: "USAGE" }));
  },
);
