/**
 * Makes the seccomp filter of a sandbox: a classic BPF program over `struct seccomp_data` (linux/seccomp.h) that
 * allows what a profile lists and answers everything else with an error.
 *
 * The list is a binary tree, not a chain: kernels before 5.11 run the whole filter on every call.
 */
import { allowedCalls, ENOSYS, EPERM, type Profile, type Rule, ruledCalls } from "./profiles.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

export const architectures = ["x64", "arm64", "arm"] as const;
export type Architecture = (typeof architectures)[number];

/** AUDIT_ARCH_* (linux/audit.h): what the kernel puts into seccomp_data.arch. */
export const auditArchitecture: Readonly<Record<Architecture, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
  arm: 0x40000028,
};

/** SECCOMP_RET_* (linux/seccomp.h). */
export const KILL_PROCESS = 0x80000000;
export const ALLOW = 0x7fff0000;
export const answerErrno = (errno: number): number => 0x00050000 | errno;

/** Calls with this number or a higher one came after Linux 6.1, whose table ours is. */
export const firstUnknownCall = 451;
/** x64 kernels also accept the x32 ABI: the same calls under numbers with this bit. */
export const x32Bit = 0x40000000;

const LOAD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_SET = 0x45;
const RETURN = 0x06;

const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const ARGUMENTS_OFFSET = 16;

/** [code, jump if true, jump if false, k], as in `struct sock_filter` (linux/filter.h). */
export type Instruction = readonly [code: number, onTrue: number, onFalse: number, k: number];

/** True where a filter can be made for the processor `name` (a value of process.arch). */
export function isArchitecture(name: string): name is Architecture {
  return (architectures as readonly string[]).includes(name);
}

/** The number of a call on `architecture`, or null where it has none. */
export function callNumber(architecture: Architecture, name: string): number | null {
  return syscallNumbers[name]?.[architectures.indexOf(architecture)] ?? null;
}

/** Builds the program. `changesIdentityInside`: setpriv runs under it (see profiles.ts). */
export function buildFilter(
  architecture: Architecture,
  profile: Profile,
  changesIdentityInside: boolean,
): readonly Instruction[] {
  const number = (name: string) => callNumber(architecture, name) ?? [];
  const allowed = allowedCalls(profile, changesIdentityInside).flatMap(number);
  const ruled = Object.entries(ruledCalls(profile)).flatMap(([name, rule]) =>
    [number(name)].flat().flatMap((call) => ruleBlock(call, rule)),
  );
  return [
    [LOAD, 0, 0, ARCHITECTURE_OFFSET],
    [JUMP_EQUAL, 1, 0, auditArchitecture[architecture]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_OFFSET],
    ...(architecture === "x64" ? refuseX32 : []),
    ...ruled,
    ...searchTree(boundaries(allowed)),
  ];
}

/** The program as the kernel reads it: 8 bytes per instruction, little-endian as all three architectures are. */
export function encodeFilter(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, onTrue, onFalse, k]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(onTrue, index * 8 + 2);
    bytes.writeUInt8(onFalse, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return bytes;
}

const refuseX32: readonly Instruction[] = [
  [JUMP_GREATER_EQUAL, 0, 1, x32Bit],
  [RETURN, 0, 0, KILL_PROCESS],
];

function ruleBlock(call: number, rule: Rule): Instruction[] {
  const body = ruleBody(rule);
  return [[JUMP_EQUAL, 0, body.length, call], ...body];
}

function ruleBody(rule: Rule): Instruction[] {
  if (rule.kind === "errno") return [[RETURN, 0, 0, answerErrno(rule.errno)]];
  const load: Instruction = [LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * rule.argument];
  const refuse: Instruction = [RETURN, 0, 0, answerErrno(EPERM)];
  const allow: Instruction = [RETURN, 0, 0, ALLOW];
  if (rule.kind === "bits") {
    return [
      load,
      [JUMP_SET, 0, 1, rule.forbidden],
      refuse,
      [AND, 0, 0, rule.required],
      [JUMP_EQUAL, 0, 1, rule.required],
      allow,
      refuse,
    ];
  }
  const [onMatch, otherwise] = rule.kind === "one-of" ? [allow, refuse] : [refuse, allow];
  const match = (value: number): Instruction[] => [[JUMP_EQUAL, 0, 1, value], onMatch];
  const ofKinds = (rule.kinds ?? []).flatMap((kind) => match(kind << 8));
  const byKind: Instruction[] = ofKinds.length > 0 ? [[AND, 0, 0, 0xff00], ...ofKinds] : [];
  return [load, ...rule.values.flatMap(match), ...byKind, otherwise];
}

type Boundary = { from: number; answer: number };

/** Where the answer changes as the number grows. The first boundary is 0. */
function boundaries(allowed: readonly number[]): Boundary[] {
  // An older kernel would not know newer calls either; C libraries fall back on ENOSYS, not on EPERM.
  const otherwise = (call: number) => answerErrno(call >= firstUnknownCall ? ENOSYS : EPERM);
  const set = new Set(allowed);
  const starts = new Set([0, firstUnknownCall, ...allowed, ...allowed.map((call) => call + 1)]);
  const found: Boundary[] = [];
  for (const from of [...starts].sort((a, b) => a - b)) {
    const answer = set.has(from) ? ALLOW : otherwise(from);
    if (found.at(-1)?.answer !== answer) found.push({ from, answer });
  }
  return found;
}

function searchTree(sorted: readonly Boundary[]): Instruction[] {
  const [only] = sorted;
  if (sorted.length <= 1) return [[RETURN, 0, 0, only?.answer ?? KILL_PROCESS]];
  const middle = sorted.length >> 1;
  const below = searchTree(sorted.slice(0, middle));
  // A jump is one byte; the lists that we have stay far below it, and a longer one must fail here, not in the kernel.
  if (below.length > 255) throw new RangeError("the seccomp filter is too long for one jump");
  const from = sorted[middle]?.from ?? 0;
  return [[JUMP_GREATER_EQUAL, below.length, 0, from], ...below, ...searchTree(sorted.slice(middle))];
}
