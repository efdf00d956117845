import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { getSmall, type Http, withOneConnection } from "./http.ts";

/** A KMS that answers by path; `sockets`: the connection of each request, in order. */
async function startKms(answers: Record<string, (response: ServerResponse) => void>) {
  const sockets: Socket[] = [];
  const listener: RequestListener = (request, response) => {
    sockets.push(request.socket);
    const answer = answers[request.url ?? ""];
    if (answer) answer(response);
    else response.writeHead(404).end('{"status":404,"detail":"there is nothing of this name"}');
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http: Http = { authority, stallMs: 5000, signal: AbortSignal.timeout(30_000) };
  return { http, sockets };
}

test("[M11] one connection carries all that is fetched one after the other, and ends with the work", async () => {
  const { http, sockets } = await startKms({ "/a": (response) => response.end("a".repeat(50_000)) });
  const lengths = await withOneConnection(http, async (connected) => {
    const bodies = [];
    for (const path of ["/a", "/none", "/a", "/a"]) bodies.push(await getSmall(connected, path, 100_000));
    return bodies.map((body) => body?.length);
  });
  expect(lengths).toEqual([50_000, undefined, 50_000, 50_000]);
  expect(new Set(sockets).size).toBe(1);
  await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true), { timeout: 20_000 });
});

test("[M11] an answer that is not read to its end takes its connection along, and the next has another", async () => {
  const { http, sockets } = await startKms({
    "/endless": (response) => response.write("x".repeat(10_000)),
    "/a": (response) => response.end("a"),
  });
  await withOneConnection(http, async (connected) => {
    await expect(getSmall(connected, "/endless", 1000)).rejects.toMatchObject({ code: "FETCH_TOO_LARGE" });
    expect(String(await getSmall(connected, "/a", 1000))).toBe("a");
  });
  expect(new Set(sockets).size).toBe(2);
});

test("[M11] what one answer brought is no credit for the pace of the next in the same connection", async () => {
  const pace = { bytes: 10_000, withinMs: 200 };
  const { http, sockets } = await startKms({
    "/fast": (response) => response.end("a".repeat(50_000)),
    // Over in the middle of the second stretch.
    "/slow": (response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 300);
    },
  });
  await withOneConnection({ ...http, pace }, async (connected) => {
    await getSmall(connected, "/fast", 100_000);
    await expect(getSmall(connected, "/slow", 100_000)).rejects.toThrow(/only \d+ bytes came in 200 ms/);
  });
  expect(new Set(sockets).size).toBe(1);
});

test("[M11] an answer that switches protocols is a failure that passes, and keeps nobody waiting", async () => {
  const switches = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
  const { http } = await startKms({ "/switched": (response) => void response.socket?.write(switches) });
  const failure = { code: "FETCH_FAILED", data: { isTransient: true } };
  await expect(getSmall(http, "/switched", 1000)).rejects.toMatchObject(failure);
  await withOneConnection(http, async (connected) => {
    await expect(getSmall(connected, "/switched", 1000)).rejects.toMatchObject(failure);
  });
});
