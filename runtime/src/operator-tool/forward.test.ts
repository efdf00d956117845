import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { webSocketUrl } from "./forward.ts";

async function asked(answer: (response: ServerResponse) => void): Promise<{ url: string; port: number }> {
  const server = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    return { url: await webSocketUrl(port), port };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("[K2] the address of an inspector has the id that it tells", async () => {
  const id = "01234567-89ab-cdef-0123-456789abcdef";
  const { url, port } = await asked((response) => response.end(JSON.stringify([{ id }])));
  expect(url).toBe(`ws://127.0.0.1:${port}/${id}`);
});

test("[K2] a component that answers in the place of its inspector, without end, costs the operator's program nothing", async () => {
  let sentBytes = 0;
  const { url, port } = await asked((response) => {
    const flood = () => {
      if (response.destroyed || sentBytes > 64 * 1024 ** 2) return void response.end();
      sentBytes += 65_536;
      response.write(Buffer.alloc(65_536), flood);
    };
    flood();
  });
  expect(url).toBe(`ws://127.0.0.1:${port}/`);
  expect(sentBytes).toBeLessThan(16 * 1024 ** 2);
});
