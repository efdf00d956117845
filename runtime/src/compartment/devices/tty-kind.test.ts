import { expect, test } from "vitest";
import { kindIn, ttyKind } from "./tty-kind.ts";

/** Of a BeagleBone Black with a USB adapter, and of hosts. */
const table = `/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
/dev/ptmx            /dev/ptmx       5       2 system
/dev/vc/0            /dev/vc/0       4       0 system:vtmaster
usbserial            /dev/ttyUSB   188 0-511 serial
OMAP-SERIAL          /dev/ttyO     249 0-9 serial
serial               /dev/ttyS       4 64 serial
pty_slave            /dev/pts      136 0-1048575 pty:slave
pty_master           /dev/ptm      128 0-1048575 pty:master
unknown              /dev/tty        4 1-63 console
`;

test("[K11] a port is a serial line or the end of a pseudo terminal, by the kernel's table", () => {
  expect(kindIn(table, 4, 64)).toBe("serial");
  expect(kindIn(table, 188, 511)).toBe("serial");
  expect(kindIn(table, 249, 0)).toBe("serial");
  expect(kindIn(table, 136, 4711)).toBe("pseudo");
});

test("[K11] [K7] consoles, screens, masters, memory and disks are no ports, nor what is in no range", () => {
  for (const [major, minor] of [
    [5, 0],
    [5, 1],
    [5, 2],
    [4, 0],
    [4, 1],
    [4, 65],
    [249, 10],
    [128, 0],
    [1, 1],
    [8, 64],
  ] as const) {
    expect([major, minor, kindIn(table, major, minor)]).toEqual([major, minor, undefined]);
  }
  expect(kindIn("", 4, 64)).toBeUndefined();
});

test("[K11] this machine's own nodes are told apart", async () => {
  expect(await ttyKind("/dev/null")).toBeUndefined();
  expect(await ttyKind("/dev/ptmx")).toBeUndefined();
  expect(await ttyKind("/etc/passwd")).toBeUndefined();
  await expect(ttyKind("/dev/no-such-port")).rejects.toMatchObject({ code: "ENOENT" });
});
