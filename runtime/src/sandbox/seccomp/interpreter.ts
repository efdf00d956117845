/** Runs a seccomp program as the kernel does, for tests: the instructions that our filters use, nothing else. */
import type { Instruction } from "./filter.ts";

/** `struct seccomp_data` (linux/seccomp.h), without the instruction pointer. */
export type CallData = { number: number; architecture: number; arguments?: readonly bigint[] };

/** The value that the program returns. Throws on what the kernel's checker would refuse. */
export function runFilter(program: readonly Instruction[], call: CallData): number {
  const memory = encodeCall(call);
  let accumulator = 0;
  for (let at = 0; at < program.length; at++) {
    const [code, onTrue, onFalse, k] = program[at] ?? [0, 0, 0, 0];
    if (code === 0x06) return k;
    if (code === 0x20) accumulator = memory.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else at += isTrue(code, accumulator, k) ? onTrue : onFalse;
  }
  throw new Error("the program ends without an answer");
}

function isTrue(code: number, accumulator: number, k: number): boolean {
  if (code === 0x15) return accumulator === k;
  if (code === 0x35) return accumulator >= k;
  if (code === 0x45) return (accumulator & k) !== 0;
  throw new Error(`unknown instruction 0x${code.toString(16)}`);
}

function encodeCall(call: CallData): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(call.number >>> 0, 0);
  bytes.writeUInt32LE(call.architecture, 4);
  for (const [index, value] of (call.arguments ?? []).entries()) bytes.writeBigUInt64LE(value, 16 + 8 * index);
  return bytes;
}
