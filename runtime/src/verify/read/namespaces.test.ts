import { expect, test } from "vitest";
import { here, readNetworkOf } from "./namespaces.ts";
import { readNetwork } from "./network.ts";

test("[K8] a namespace is read as a process in it sees it", async () => {
  expect(await readNetworkOf(here)).toEqual(await readNetwork("/proc/self/net"));
  expect((await readNetworkOf(here)).interfaces).toContain("lo");
});

test("[K8] what cannot be read is not taken for a namespace without anything", async () => {
  await expect(readNetworkOf(["env", "PATH=/nowhere", "/bin/false"])).rejects.toMatchObject({
    code: "NETWORK_SETUP_FAILED",
  });
});
