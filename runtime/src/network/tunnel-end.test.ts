/** What `wg` says in the router, taken apart. That it says so is for tunnel.spec.ts, on a kernel that has WireGuard. */
import { expect, test } from "vitest";
import { parseReading } from "./tunnel/tunnel.ts";
import { parseRefusal } from "./tunnel-end.ts";

const key = `${"A".repeat(43)}=`;

test("[K13] a handshake's time is read, and none before the first, and what came and went", () => {
  const bytes = { received: 92, sent: 148 };
  expect(parseReading(`${key}\t1795353600\n`, `${key}\t92\t148\n`)).toEqual({ handshake: 1_795_353_600, bytes });
  expect(parseReading(`${key}\t0\n`, `${key}\t92\t148\n`)).toEqual({ handshake: 0, bytes });
});

test("[K13] what is not one peer's line is not taken for a time", () => {
  expect(parseReading("", "")).toBeUndefined();
  expect(parseReading(`${key}\t1\n${"B".repeat(43)}=\t2\n`, `${key}\t92\t148\n`)).toBeUndefined();
  expect(parseReading(`${key}\t1\n`, `${key}\t92\n`)).toBeUndefined();
});

test("[K13] an interface that has gone is told from one that is wireguard-go's, and from a look that failed", () => {
  expect(parseRefusal("wg: Unable to access interface: No such device")).toEqual({ handshake: null });
  expect(parseRefusal("wg: Unable to access interface: Operation not supported")).toBe("not-the-kernels");
  expect(parseRefusal("wg: Unable to access interface: Protocol not supported")).toBe("not-the-kernels");
  expect(parseRefusal("wg: no answer within 10000 ms")).toBe("unread");
});
