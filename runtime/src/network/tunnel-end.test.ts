/** What `wg` says in the router, taken apart. That it says so is for tunnel.spec.ts, on a kernel that has WireGuard. */
import { expect, test } from "vitest";
import { parseHandshake, parseRefusal } from "./tunnel-end.ts";

test("[K13] a handshake's time is read, and none before the first", () => {
  expect(parseHandshake(`${"A".repeat(43)}=\t1795353600\n`)).toEqual({ handshake: 1_795_353_600 });
  expect(parseHandshake(`${"A".repeat(43)}=\t0\n`)).toEqual({ handshake: 0 });
});

test("[K13] what is not one peer's line is not taken for a time", () => {
  expect(parseHandshake("")).toBe("unread");
  expect(parseHandshake(`${"A".repeat(43)}=\t1\n${"B".repeat(43)}=\t2\n`)).toBe("unread");
});

test("[K13] an interface that has gone is told from one that is wireguard-go's, and from a look that failed", () => {
  expect(parseRefusal("wg: Unable to access interface: No such device")).toEqual({ handshake: null });
  expect(parseRefusal("wg: Unable to access interface: Operation not supported")).toBe("not-the-kernels");
  expect(parseRefusal("wg: Unable to access interface: Protocol not supported")).toBe("not-the-kernels");
  expect(parseRefusal("wg: no answer within 10000 ms")).toBe("unread");
});
