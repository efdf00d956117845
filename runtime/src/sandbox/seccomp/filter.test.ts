import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ALLOW,
  type Architecture,
  answerErrno,
  architectures,
  auditArchitecture,
  buildFilter,
  callNumber,
  encodeFilter,
  firstUnknownCall,
  KILL_PROCESS,
  x32Bit,
} from "./filter.ts";
import { runFilter } from "./interpreter.ts";
import { allowedCalls, ENOSYS, EPERM, isFreestanding, type Profile, ruledCalls } from "./profiles.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

const profiles: Profile[] = [
  "component",
  "agent",
  "serial",
  "can",
  "attributes",
  "asker",
  "net-admin",
  "beam",
  "vm",
  "vm-kvm",
  "freestanding",
  "freestanding-leased",
];
const cases = architectures.flatMap((architecture) => profiles.map((profile) => ({ architecture, profile })));

const refused = answerErrno(EPERM);

function answer(architecture: Architecture, profile: Profile, name: string, args: bigint[] = [], inside = false) {
  const number = callNumber(architecture, name);
  if (number === null) throw new Error(`${architecture} has no ${name}`);
  const program = buildFilter(architecture, profile, inside);
  return runFilter(program, { number, architecture: auditArchitecture[architecture], arguments: args });
}

describe.each(cases)("[K7] the seccomp filter of $profile on $architecture", ({ architecture, profile }) => {
  const program = buildFilter(architecture, profile, false);
  const audit = auditArchitecture[architecture];
  const numbersOf = (names: string[]) =>
    new Set(names.map((name) => callNumber(architecture, name)).filter((number) => number !== null));

  test("allows exactly the calls of its list, whatever the number", () => {
    const allowed = numbersOf(allowedCalls(profile, false));
    const ruled = numbersOf(Object.keys(ruledCalls(profile)));
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(600), fc.constantFrom(...allowed), fc.integer({ min: 0, max: x32Bit - 1 })),
        (number) => {
          fc.pre(!ruled.has(number));
          const otherwise = answerErrno(number >= firstUnknownCall ? ENOSYS : EPERM);
          expect(runFilter(program, { number, architecture: audit })).toBe(allowed.has(number) ? ALLOW : otherwise);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("kills a process that calls by another architecture's table", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(600), (other, number) => {
        fc.pre(other !== audit);
        expect(runFilter(program, { number, architecture: other })).toBe(KILL_PROCESS);
      }),
    );
  });

  test("refuses what leads out of the sandbox", () => {
    const ways = `mount umount2 pivot_root chroot unshare setns ptrace process_vm_readv process_vm_writev bpf
      perf_event_open userfaultfd kexec_load init_module finit_module delete_module add_key request_key keyctl
      io_uring_setup io_uring_enter io_uring_register pidfd_getfd open_by_handle_at fsopen fsmount move_mount open_tree
      mount_setattr reboot swapon clock_settime settimeofday sethostname personality sched_setattr sched_setscheduler`;
    for (const name of ways.split(/\s+/)) expect([name, answer(architecture, profile, name)]).toEqual([name, refused]);
  });

  test("changes the uid only where setpriv must do so inside", () => {
    expect(answer(architecture, profile, "setresuid", [], false)).toBe(refused);
    expect(answer(architecture, profile, "setresuid", [], true)).toBe(ALLOW);
  });

  test("keeps what bubblewrap's pid 1 needs", () => {
    for (const name of ["wait4", "execve", "write", "close", "exit_group"]) {
      expect([name, answer(architecture, profile, name)]).toEqual([name, ALLOW]);
    }
  });

  test("is no longer than the kernel takes (4096 instructions), and 8 bytes each", () => {
    expect(program.length).toBeLessThan(4096);
    expect(encodeFilter(program)).toHaveLength(program.length * 8);
  });
});

describe.each(cases.filter(({ profile }) => !isFreestanding(profile)))(
  "[K7] the seccomp filter of $profile on $architecture",
  ({ architecture, profile }) => {
    test("answers clone3 as an old kernel would, so that C libraries use clone", () => {
      expect(answer(architecture, profile, "clone3")).toBe(answerErrno(ENOSYS));
    });

    test("lets no clone make a namespace", () => {
      const flags = [0x00020000n, 0x02000000n, 0x04000000n, 0x08000000n, 0x10000000n, 0x20000000n, 0x40000000n];
      const thread = 0x003d0f00n;
      expect(answer(architecture, profile, "clone", [thread])).toBe(ALLOW);
      for (const flag of flags) expect(answer(architecture, profile, "clone", [thread | flag])).toBe(refused);
    });

    test("makes a child process only for the network server, the Erlang VM and a guest's bridge", () => {
      const has = ["net-admin", "beam", "vm", "vm-kvm"].includes(profile);
      expect(answer(architecture, profile, "clone", [17n])).toBe(has ? ALLOW : refused);
    });

    test("opens sockets of no other families than it needs", () => {
      const open = (family: number) => answer(architecture, profile, "socket", [BigInt(family), 1n, 0n]);
      const families = {
        "net-admin": [1, 2, 10, 16],
        component: [1, 2, 10],
        agent: [1, 2, 10],
        beam: [1, 2, 10],
        asker: [2, 10],
        vm: [1],
        "vm-kvm": [1],
        serial: [1],
        can: [1, 29],
        attributes: [1],
      };
      const allowed = (families as Partial<Record<Profile, number[]>>)[profile] ?? [];
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 64 }), (family) => {
          expect(open(family)).toBe(allowed.includes(family) ? ALLOW : refused);
        }),
      );
      expect(answer(architecture, profile, "socketpair", [1n])).toBe(ALLOW);
      expect(answer(architecture, profile, "socketpair", [16n])).toBe(refused);
    });

    test("looks at the part of an argument that the kernel uses, so upper bits hide nothing", () => {
      expect(answer(architecture, profile, "clone", [0x1_0000_0000n | 0x00010000n | 0x10000000n])).toBe(refused);
      const own = ["vm", "vm-kvm", "serial", "can", "attributes"].includes(profile) ? 0x1_0000_0001n : 0x1_0000_0002n;
      expect(answer(architecture, profile, "socket", [own])).toBe(ALLOW);
      expect(answer(architecture, profile, "socket", [0x1_0000_0011n])).toBe(refused);
    });

    test("types nothing into somebody's terminal", () => {
      expect(answer(architecture, profile, "ioctl", [0n, 0x5401n])).toBe(ALLOW);
      expect(answer(architecture, profile, "ioctl", [0n, 0x5412n])).toBe(refused);
      expect(answer(architecture, profile, "ioctl", [0n, 0x541cn])).toBe(refused);
      // TIOCSCTTY, TIOCCONS, TIOCSETD: also for those who may set one.
      for (const request of [0x540en, 0x541dn, 0x5423n])
        expect(answer(architecture, profile, "ioctl", [0n, request])).toBe(refused);
    });

    test("leaves device nodes, other processes' handles, priorities and cores to the network server", () => {
      const expected = profile === "net-admin" ? ALLOW : refused;
      for (const name of ["mknodat", "pidfd_open", "pidfd_send_signal", "setpriority", "sched_setaffinity", "splice"])
        expect([name, answer(architecture, profile, name)]).toEqual([name, expected]);
    });

    test("lets a guest that runs by KVM alone ask anything of KVM, and such a guest of nothing else", () => {
      const ask = (request: number) => answer(architecture, profile, "ioctl", [0n, BigInt(request)]);
      fc.assert(
        fc.property(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xff), (number, upper, kind) => {
          const request = upper * 0x10000 + number;
          expect(ask(request + 0xae00)).toBe(profile === "vm-kvm" ? ALLOW : refused);
          fc.pre(kind !== 0xae && ![0x5401, 0x5421].includes(request + kind * 0x100));
          if (profile === "vm-kvm") expect(ask(request + kind * 0x100)).toBe(refused);
        }),
      );
    });

    test("lets serial drivers alone set a terminal", () => {
      const expected = profile === "serial" ? ALLOW : refused;
      // asm-generic/ioctls.h, in its order.
      const requests = [
        ...[0x5402n, 0x5403n, 0x5404n, 0x5406n, 0x5407n, 0x5408n, 0x5409n, 0x540an, 0x540bn, 0x540cn, 0x540dn, 0x5410n],
        ...[0x5414n, 0x5416n, 0x5417n, 0x5418n, 0x541fn, 0x5425n, 0x5427n, 0x5428n],
        ...[0x402c542bn, 0x402c542cn, 0x402c542dn],
      ];
      for (const request of requests) expect(answer(architecture, profile, "ioctl", [0n, request])).toBe(expected);
    });
  },
);

describe("[K11] the seccomp filter of a driver", () => {
  const drivers = ["gpio", "i2c", "spi", "rtc", "watchdog", "can", "attributes"] as const;
  const kinds = { gpio: 0xb4, spi: 0x6b, rtc: 0x70, watchdog: 0x57 } as const;
  // What Node asks of any descriptor: TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
  const ofNode = [0x5401, 0x802c542a, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451];
  const own: Partial<Record<Profile, readonly number[]>> = {
    i2c: [0x0703, 0x0705, 0x0707, 0x0708, 0x0720],
    can: [0x8906, 0x80108906, 0x8910, 0x8913, 0x8921, 0x8933],
  };
  const ask = (profile: Profile, request: number) => answer("x64", profile, "ioctl", [0n, BigInt(request)]);

  test("of the agent, which reads partitions, lets it ask what Node asks of all, and nothing else", () => {
    for (const request of ofNode) expect([request, ask("agent", request)]).toEqual([request, ALLOW]);
    // BLKROSET, BLKFLSBUF, BLKDISCARD, BLKPG, MMC_IOC_CMD, NVME_IOCTL_IO_CMD, SG_IO, DM_DEV_REMOVE.
    const ofDisks = [0x125d, 0x1261, 0x1277, 0x1269, 0xc048b300, 0xc0484e43, 0x2285, 0xc138fd04];
    for (const request of ofDisks) expect([request, ask("agent", request)]).toEqual([request, refused]);
    fc.assert(
      fc.property(fc.oneof(fc.nat(0xffff_ffff), fc.nat(0xffff)), (request) => {
        fc.pre(!ofNode.includes(request));
        expect(ask("agent", request)).toBe(refused);
      }),
    );
  });

  test.each(drivers)("of %s lets it ask what its class takes, what Node asks of all, and nothing else", (profile) => {
    const kind = Object.hasOwn(kinds, profile) ? kinds[profile as keyof typeof kinds] : undefined;
    const allowed = [...ofNode, ...(own[profile] ?? [])];
    for (const request of allowed) expect([request, ask(profile, request)]).toEqual([request, ALLOW]);
    if (kind !== undefined) expect(ask(profile, 0xc250_0007 + kind * 0x100)).toBe(ALLOW);
    const requests = fc.oneof(
      fc.nat(0xffff_ffff),
      fc.nat(0xffff),
      fc.constantFrom(...Object.values(kinds)).map((k) => k << 8),
    );
    fc.assert(
      fc.property(requests, (request) => {
        fc.pre(!allowed.includes(request) && ((request >> 8) & 0xff) !== kind);
        expect(ask(profile, request)).toBe(refused);
      }),
    );
  });

  test("of a bus reaches no chip that a driver of the kernel has, and sets nothing for everybody", () => {
    // I2C_RETRIES, I2C_TIMEOUT, I2C_TENBIT, I2C_SLAVE_FORCE (linux/i2c-dev.h)
    for (const request of [0x0701, 0x0702, 0x0704, 0x0706]) expect(ask("i2c", request)).toBe(refused);
  });

  test("makes no process, and no socket of a network", () => {
    for (const profile of drivers) {
      expect(answer("x64", profile, "clone", [17n])).toBe(refused);
      for (const family of [2n, 10n, 16n, 17n]) expect(answer("x64", profile, "socket", [family])).toBe(refused);
      expect(answer("x64", profile, "socket", [29n])).toBe(profile === "can" ? ALLOW : refused);
    }
  });
});

describe.each(architectures)("[K10] the seccomp filter of a freestanding component on %s", (architecture) => {
  const ask = (name: string, args: bigint[] = []) => answer(architecture, "freestanding", name, args);

  test("lets it make sockets of its channels and no others, no files, no threads and no processes", () => {
    expect(ask("socket", [1n])).toBe(ALLOW);
    for (const family of [0n, 2n, 10n, 16n, 17n, 40n]) expect(ask("socket", [family])).toBe(refused);
    for (const name of `openat memfd_create clone clone3 ioctl fcntl dup3 pipe2 socketpair sendmsg recvmsg kill prctl mkdirat
      epoll_create1 inotify_init1`.split(/\s+/)) {
      expect([name, ask(name)]).toEqual([name, refused]);
    }
  });

  test("lets it open, read and write a file besides where its channels have leases, and do nothing else", () => {
    const plain = allowedCalls("freestanding", false);
    const more = allowedCalls("freestanding-leased", false).filter((name) => !plain.includes(name));
    expect(more).toEqual(["open", "openat", "pread64", "pwrite64"]);
    expect(ruledCalls("freestanding-leased")).toEqual(ruledCalls("freestanding"));
    expect(answer(architecture, "freestanding-leased", "openat")).toBe(ALLOW);
  });

  test("is the smallest: nothing in it that a hosted component may not do, and a third of its calls", () => {
    const hosted = allowedCalls("component", false);
    const own = allowedCalls("freestanding", false);
    expect(own.filter((name) => !hosted.includes(name))).toEqual([]);
    expect(own.length).toBeLessThan(hosted.length / 2.5);
  });
});

test("[K7] the x32 table of x64 is closed", () => {
  const program = buildFilter("x64", "component", false);
  const read = x32Bit + (callNumber("x64", "read") ?? 0);
  expect(runFilter(program, { number: read, architecture: auditArchitecture.x64 })).toBe(KILL_PROCESS);
});

test("[K7] every name of a profile has a number somewhere", () => {
  const names = [
    ...allowedCalls("component", true),
    ...allowedCalls("net-admin", true),
    ...allowedCalls("freestanding", true),
    ...allowedCalls("beam", true),
    ...allowedCalls("vm", true),
    ...Object.keys(ruledCalls("component")),
  ];
  expect(names.filter((name) => syscallNumbers[name] === undefined)).toEqual([]);
});

test("[K7] no two names of the table share a number", () => {
  for (const architecture of architectures) {
    const numbers = Object.keys(syscallNumbers)
      .map((name) => callNumber(architecture, name))
      .filter((n) => n !== null);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});
