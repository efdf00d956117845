/** docs/guide/gateway-name.md: what it says to write is taken. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kmsConfigSchema } from "../../kms/src/config.ts";
import { rootServerConfigSchema } from "../../runtime/src/device/config.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";

const page = readFileSync(join(bulkheadDirectory, "docs/guide/gateway-name.md"), "utf8");

function blocks(file: string): unknown[] {
  return [...page.matchAll(/```json file=(\S+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === file)
    .map(([, , text = ""]) => JSON.parse(text));
}

test("[K13] the management service takes the endpoint that the guide gives it", () => {
  const { endpoint } = kmsConfigSchema.shape.gateway.shape;
  expect(blocks("kms.json").map((block) => endpoint.parse(block))).toEqual([{ host: "gw.example.com", port: 51820 }]);
});

test("[K13] a device takes the resolvers that the guide gives it, and without a word those of its DHCP client", () => {
  const { resolvers } = rootServerConfigSchema.shape;
  const written = blocks("root-server.json") as { resolvers: unknown }[];
  expect(written.map((block) => resolvers.parse(block.resolvers))).toEqual([
    "/etc/resolv.conf",
    ["192.0.2.53", "2001:db8::53"],
  ]);
  expect(resolvers.parse(undefined)).toBe("/etc/resolv.conf");
});
