/**
 * As much of PKCS #11 (version 2.40, with CKM_EDDSA of 3.0) as signing takes, called in this process by koffi: a program in
 * between would want the PIN as an argument, in its environment, or typed at a terminal of its own.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { KoffiFunc } from "koffi";

type Handle = bigint | number;
/** Types of attributes, and their values in the host's byte order. */
export type Template = readonly (readonly [type: number, value: Buffer])[];

export const attribute = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  extractable: 0x162,
  ecParameters: 0x180,
  ecPoint: 0x181,
} as const;
export const objectClass = { publicKey: 2, privateKey: 3 } as const;
export const edwardsKeyType = 0x40;
const mechanism = { generateEdwards: 0x1055, eddsa: 0x1057 } as const;

/** Places in CK_FUNCTION_LIST, behind its version. */
const places = {
  C_Initialize: [0, "void *"],
  C_Finalize: [1, "void *"],
  C_GetSlotList: [4, "uint8_t, void *, void *"],
  C_GetTokenInfo: [6, "unsigned long, void *"],
  C_OpenSession: [12, "unsigned long, unsigned long, void *, void *, void *"],
  C_CloseSession: [13, "unsigned long"],
  C_Login: [18, "unsigned long, unsigned long, void *, unsigned long"],
  C_GetAttributeValue: [24, "unsigned long, unsigned long, _Inout_ bulkhead_CK_ATTRIBUTE *, unsigned long"],
  C_FindObjectsInit: [26, "unsigned long, bulkhead_CK_ATTRIBUTE *, unsigned long"],
  C_FindObjects: [27, "unsigned long, void *, unsigned long, void *"],
  C_FindObjectsFinal: [28, "unsigned long"],
  C_SignInit: [42, "unsigned long, bulkhead_CK_MECHANISM *, unsigned long"],
  C_Sign: [43, "unsigned long, void *, unsigned long, void *, void *"],
  C_GenerateKeyPair: [
    59,
    "unsigned long, bulkhead_CK_MECHANISM *, bulkhead_CK_ATTRIBUTE *, unsigned long, bulkhead_CK_ATTRIBUTE *, unsigned long, void *, void *",
  ],
} as const;
type Name = keyof typeof places;
type Callable = KoffiFunc<(...args: unknown[]) => number>;
type Call = (name: Name, ...args: readonly unknown[]) => void;

export type Session = {
  find(template: Template): Handle[];
  read(object: Handle, type: number): Buffer;
  sign(privateKey: Handle, bytes: Uint8Array): Buffer;
  generate(publicTemplate: Template, privateTemplate: Template): void;
};

let loaded: typeof import("koffi") | undefined;

/** Does `work` in a session with the token of this label, logged in by `pin`. Throws TOKEN_FAILED. */
export async function withSession<T>(
  module: string,
  label: string,
  pin: string,
  work: (session: Session) => T,
): Promise<T> {
  const call = await load(module);
  call("C_Initialize", null);
  try {
    const slot = findSlot(call, label);
    const handle = Buffer.alloc(8);
    // CKF_SERIAL_SESSION and CKF_RW_SESSION.
    call("C_OpenSession", slot, 6, null, null, handle);
    const session = handle.readBigUInt64LE();
    try {
      const secret = Buffer.from(pin);
      // CKU_USER.
      call("C_Login", session, 1, secret, secret.length);
      return work(sessionOf(call, session));
    } finally {
      call("C_CloseSession", session);
    }
  } finally {
    call("C_Finalize", null);
  }
}

async function load(module: string): Promise<Call> {
  const koffi = await types();
  const list: unknown[] = [null];
  try {
    const found = koffi.load(module).func("unsigned long C_GetFunctionList(_Out_ void **list)")(list);
    if (found !== 0) throw new Error(`C_GetFunctionList answers ${found}`);
  } catch (cause) {
    throw new BulkheadError("TOKEN_FAILED", `${module} cannot be loaded as a PKCS #11 module`, {
      cause,
      remedy: "give the path of the library that came with the token",
    });
  }
  const made = new Map<Name, Callable>();
  const pick = (name: Name): Callable => {
    const [place, parameters] = places[name];
    const address = koffi.decode(list[0], 8 + 8 * place, "void *");
    const picked = koffi.decode(address, koffi.proto(`unsigned long (${parameters})`)) as Callable;
    made.set(name, picked);
    return picked;
  };
  return (name, ...args) => {
    const result = Number((made.get(name) ?? pick(name))(...args));
    if (result !== 0) throw failure(module, name, result);
  };
}

// koffi's types have names for the whole process, so they are made once.
async function types(): Promise<typeof import("koffi")> {
  if (loaded !== undefined) return loaded;
  const koffi = (await import("koffi")).default as unknown as typeof import("koffi");
  const pair = { value: "void *", length: "unsigned long" };
  koffi.struct("bulkhead_CK_ATTRIBUTE", { type: "unsigned long", ...pair });
  koffi.struct("bulkhead_CK_MECHANISM", { mechanism: "unsigned long", ...pair });
  loaded = koffi;
  return koffi;
}

function findSlot(call: Call, label: string): Handle {
  const count = Buffer.alloc(8);
  call("C_GetSlotList", 1, null, count);
  const slots = Buffer.alloc(8 * Number(count.readBigUInt64LE()));
  call("C_GetSlotList", 1, slots, count);
  const found: { slot: bigint; label: string }[] = [];
  for (let at = 0; at < slots.length; at += 8) {
    const info = Buffer.alloc(256);
    call("C_GetTokenInfo", slots.readBigUInt64LE(at), info);
    found.push({ slot: slots.readBigUInt64LE(at), label: info.toString("utf8", 0, 32).trimEnd() });
  }
  const wanted = found.filter((one) => one.label === label);
  if (wanted.length === 1 && wanted[0]) return wanted[0].slot;
  const there = found.map((one) => one.label).filter((one) => one !== "");
  throw new BulkheadError("TOKEN_FAILED", `${wanted.length} tokens are called ${label}`, {
    remedy: there.length === 0 ? "plug the token in" : `there are: ${there.join(", ")}`,
  });
}

function sessionOf(call: Call, session: bigint): Session {
  return {
    find(template) {
      const [objects, count] = [Buffer.alloc(8 * 16), Buffer.alloc(8)];
      call("C_FindObjectsInit", session, attributes(template), template.length);
      call("C_FindObjects", session, objects, 16, count);
      call("C_FindObjectsFinal", session);
      return Array.from({ length: Number(count.readBigUInt64LE()) }, (_, at) => objects.readBigUInt64LE(8 * at));
    },
    read(object, type) {
      const value = Buffer.alloc(256);
      const [read] = attributes([[type, value]]);
      call("C_GetAttributeValue", session, object, read, 1);
      return value.subarray(0, Number(read?.length));
    },
    sign(privateKey, bytes) {
      const [signature, length] = [Buffer.alloc(64), Buffer.alloc(8)];
      length.writeBigUInt64LE(64n);
      call("C_SignInit", session, { mechanism: mechanism.eddsa, value: null, length: 0 }, privateKey);
      call("C_Sign", session, bytes, bytes.length, signature, length);
      return signature.subarray(0, Number(length.readBigUInt64LE()));
    },
    generate(publicTemplate, privateTemplate) {
      call(
        "C_GenerateKeyPair",
        session,
        { mechanism: mechanism.generateEdwards, value: null, length: 0 },
        attributes(publicTemplate),
        publicTemplate.length,
        attributes(privateTemplate),
        privateTemplate.length,
        Buffer.alloc(8),
        Buffer.alloc(8),
      );
    },
  };
}

const attributes = (template: Template) => template.map(([type, value]) => ({ type, value, length: value.length }));

/** Those of CKR_… that a person can do something about. */
const meanings: Readonly<Record<number, readonly [message: string, remedy: string]>> = {
  5: ["reports a general error", "look whether its own configuration is found"],
  160: ["does not take this PIN", "a token locks itself after a few wrong ones"],
  161: ["does not take this PIN", "a token locks itself after a few wrong ones"],
  164: ["is locked after too many wrong PINs", "unlock it with what its maker gives for that"],
  112: ["does not know Ed25519 (CKM_EDDSA)", "use a token that does, or an encrypted file"],
  224: ["has no token in it", "plug the token in"],
};

function failure(module: string, name: Name, code: number): BulkheadError {
  const [message, remedy] = meanings[code] ?? [
    `answers ${name} with 0x${code.toString(16)}`,
    "PKCS #11 lists the codes",
  ];
  return new BulkheadError("TOKEN_FAILED", `${module} ${message}`, { remedy });
}
