/**
 * The GPIO character device's requests, version 2, as bytes (linux/gpio.h). The structures are padded to be alike on 32 and 64
 * bits, and every board of ours is little-endian.
 */
import type { LineSettings, PinLevel } from "../driver.ts";

/** _IOR and _IOWR of type 0xb4 with the size of the argument (asm-generic/ioctl.h). */
export const requests = {
  chipInfo: 0x8044_b401,
  getLine: 0xc250_b407,
  setConfig: 0xc110_b40d,
  getValues: 0xc010_b40e,
  setValues: 0xc010_b40f,
} as const;

/** Of `gpio_v2_line_flag`. */
const flags = {
  input: 1 << 2,
  output: 1 << 3,
  rising: 1 << 4,
  falling: 1 << 5,
  "push-pull": 0,
  "open-drain": 1 << 6,
  "open-source": 1 << 7,
  "pull-up": 1 << 8,
  "pull-down": 1 << 9,
  none: 1 << 10,
} as const;
const edgeFlags = {
  none: 0,
  rising: flags.rising,
  falling: flags.falling,
  both: flags.rising | flags.falling,
} as const;

/** Of `gpio_v2_line_attr_id`. */
const attributeIds = { outputValues: 2, debounce: 3 } as const;

/** GPIO_V2_LINES_MAX and the events that the kernel keeps at most for a request of all of them (gpiolib-cdev.c). */
export const maxLines = 64;
const maxEvents = 16 * maxLines;

export type KernelEdges = keyof typeof edgeFlags;

const configBytes = 272;
const attributesAt = 32;
const attributeBytes = 24;

/** `gpio_v2_line_config` for `count` lines. */
export function encodeConfig(settings: LineSettings, edges: KernelEdges, count: number): Uint8Array {
  const bytes = new Uint8Array(configBytes);
  const view = new DataView(bytes.buffer);
  const isOut = settings.direction === "out";
  const kind = isOut ? flags.output | flags[settings.drive] : flags.input | edgeFlags[edges];
  view.setBigUint64(0, BigInt(kind | (settings.bias === undefined ? 0 : flags[settings.bias])), true);
  const attribute = attributeOf(settings, count);
  if (attribute === undefined) return bytes;
  view.setUint32(8, 1, true);
  view.setUint32(attributesAt, attribute.id, true);
  view.setBigUint64(attributesAt + 8, attribute.value, true);
  view.setBigUint64(attributesAt + attributeBytes - 8, maskOf(count), true);
  return bytes;
}

function attributeOf(settings: LineSettings, count: number): { id: number; value: bigint } | undefined {
  if (settings.direction === "out") {
    return { id: attributeIds.outputValues, value: settings.safe === 1 ? maskOf(count) : 0n };
  }
  if (settings.debounceUs === undefined) return undefined;
  return { id: attributeIds.debounce, value: BigInt(settings.debounceUs) };
}

/** A bit for each line of a request. */
export const maskOf = (count: number): bigint => (1n << BigInt(count)) - 1n;

const requestBytes = 592;
const consumerAt = 256;
/** With the zero at its end. */
const nameBytes = 32;
const configAt = 288;
const fdAt = 588;

/** `gpio_v2_line_request`. */
export function encodeRequest(lines: readonly number[], consumer: string, settings: LineSettings): Uint8Array {
  const bytes = new Uint8Array(requestBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, line] of lines.entries()) view.setUint32(4 * index, line, true);
  bytes.set(new TextEncoder().encode(consumer).subarray(0, nameBytes - 1), consumerAt);
  bytes.set(encodeConfig(settings, "none", lines.length), configAt);
  view.setUint32(560, lines.length, true);
  view.setUint32(564, maxEvents, true);
  return bytes;
}

/** The descriptor that the kernel wrote into an answered request. */
export const fdOf = (request: Uint8Array): number => viewOf(request).getInt32(fdAt, true);

/** `gpio_v2_line_values`: what is read or set, and which lines are meant. */
export const valuesBytes = 16;

export const eventBytes = 48;
export type KernelEvent = { line: number; level: PinLevel; timeUs: number; sequence: number };

/** `gpio_v2_line_event`; `at`: where it begins. The kernel's line_seqno counts from 1, in 32 bits, and so goes on at 0. */
export function decodeEvent(bytes: Uint8Array, at: number): KernelEvent {
  const view = viewOf(bytes);
  return {
    line: view.getUint32(at + 12, true),
    // GPIO_V2_LINE_EVENT_RISING_EDGE
    level: view.getUint32(at + 8, true) === 1 ? 1 : 0,
    timeUs: Number(view.getBigUint64(at, true) / 1000n),
    sequence: (view.getUint32(at + 20, true) - 1) >>> 0,
  };
}

export const chipInfoBytes = 68;
/** `gpiochip_info`: what the kernel says of a controller. */
export function decodeChipInfo(bytes: Uint8Array): { label: string; lines: number } {
  const [label = ""] = new TextDecoder().decode(bytes.subarray(nameBytes, 2 * nameBytes)).split("\0");
  return { label, lines: viewOf(bytes).getUint32(2 * nameBytes, true) };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);
