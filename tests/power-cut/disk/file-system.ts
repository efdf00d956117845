/**
 * The product's own calls of `node:fs/promises`, recorded: while `record` runs, each that changes something below `root` is
 * made on this machine's disk, and in the model. Nothing of the product knows: Node lets the functions of its modules be
 * exchanged (`syncBuiltinESMExports`). What the model does not have is refused, so nothing passes by unseen.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import fs, { constants } from "node:fs";
import promises, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import {
  changeMode,
  type DirectoryNode,
  type DiskNode,
  emptyDirectory,
  type FileNode,
  lookUp,
  rename,
  safeFile,
  seen,
  setName,
  sync,
  truncate,
  write,
} from "./model.ts";

type Ports = {
  readonly root: string;
  readonly disk: DirectoryNode;
  /**
   * After each step: a power cut may come now. Never resolves once the process is to be killed here. `isWithinCall`: in the middle of one call of
   * the kernel, which a kill does not end: a write with O_SYNC waits for the disk in any case.
   */
  readonly step: (what: string, isWithinCall?: boolean) => Promise<void>;
  /** The same for calls that cannot wait; throws instead. */
  readonly stepNow: (what: string) => void;
  /** Whether a sync does what it says; the usual is yes. */
  readonly syncs?: ((what: string) => boolean) | undefined;
  /** Whether the disk has room for a call that takes some; the usual is yes. Where it has none, a write takes half of what it was given. */
  readonly hasRoom?: ((what: string) => boolean) | undefined;
  readonly life?: Life;
};
/** Of a process. Once it is over nothing that still goes on of it reaches the disk. */
export type Life = { isOver: boolean };

const real = { ...promises };
const realWriteFileSync = fs.writeFileSync;
const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;
const accessMode = O_RDONLY | O_WRONLY | O_RDWR;
const flagsOf: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  "r+": O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  "a+": O_RDWR | O_CREAT | O_APPEND,
};
/** They change a disk, and the product's update paths do not use them. */
const notInModel = ["appendFile", "chmod", "copyFile", "cp", "link", "symlink", "truncate", "utimes"] as const;
const notInModelSync = ["appendFileSync", "copyFileSync", "mkdirSync", "renameSync", "rmSync", "unlinkSync"] as const;

/**
 * Whose call it is. What was killed is still in this process, and a library that catches what it was killed with goes on: it must not write beside
 * the run after it.
 */
const lives = new AsyncLocalStorage<Life>();
const isDead = () => lives.getStore()?.isOver === true;
for (const [module, names] of [
  [promises, ["open", "mkdir", "rm", "unlink", "rmdir", "rename", "writeFile"]],
  [fs, ["writeFileSync"]],
] as const) {
  const table = module as unknown as Record<string, Call>;
  for (const name of names) {
    const usual = table[name];
    if (!usual) continue;
    table[name] = (...args) => {
      if (!isDead()) return usual(...args);
      if (name === "writeFileSync") throw new Error("its process was killed");
      return new Promise(() => undefined);
    };
  }
}
syncBuiltinESMExports();

/** Runs `run` with its calls recorded. */
export async function record<T>(ports: Ports, run: () => Promise<T>): Promise<T> {
  const open: FileHandle[] = [];
  const openAnywhere: typeof real.open = async (...args) => {
    const handle = await real.open(...args);
    open.push(handle);
    return handle;
  };
  const life = ports.life ?? { isOver: false };
  const putBack = exchange({ ...ports, openAnywhere, life });
  try {
    return await lives.run(life, run);
  } finally {
    putBack();
    // As the kernel does for a process that was killed.
    for (const handle of open) await handle.close();
  }
}

type Recording = Ports & { readonly openAnywhere: typeof real.open; readonly life: Life };
type Call = (...args: never[]) => unknown;

/** Returns what undoes it. */
function exchange(ports: Recording): () => void {
  const isBelow = (path: unknown) => typeof path === "string" && !relative(ports.root, resolve(path)).startsWith("..");
  const isOwn = () => lives.getStore() === ports.life && !isDead();
  const usual: (() => void)[] = [];
  function replace(module: object, calls: Readonly<Record<string, Call>>): void {
    const table = module as Record<string, Call>;
    for (const [name, call] of Object.entries(calls)) {
      const before = table[name];
      if (!before) continue;
      table[name] = (...args) => (isBelow(args[0]) && isOwn() ? call(...args) : before(...args));
      usual.push(() => {
        table[name] = before;
      });
    }
  }
  const openBefore = promises.open;
  promises.open = (...args) => (isOwn() ? ports.openAnywhere(...args) : openBefore(...args));
  replace(promises, { ...refused(notInModel), ...recordedCalls(ports) });
  replace(fs, { ...refused(notInModelSync), writeFileSync: writeSync(ports) });
  syncBuiltinESMExports();
  return () => {
    for (const undo of usual) undo();
    promises.open = openBefore;
    syncBuiltinESMExports();
  };
}

function refused(names: readonly string[]): Readonly<Record<string, Call>> {
  return Object.fromEntries(names.map((name) => [name, () => notModelled(name)]));
}

function recordedCalls(ports: Recording) {
  const { step, openAnywhere } = ports;
  const at = (path: string) => placeOf(ports, path);

  async function open(path: string, flags: string | number = "r", mode = 0o666): Promise<FileHandle> {
    const bits = typeof flags === "number" ? flags : (flagsOf[flags] ?? notModelled(flags));
    const { directory, name, words } = at(path);
    const existing = name === "" ? ports.disk : lookUp(directory, name);
    if (!existing && bits & O_CREAT) takeRoom(ports, `make ${words}`);
    const handle = await openAnywhere(path, flags, mode);
    if (!existing) {
      const node = safeFile({ bytes: Buffer.alloc(0), mode: (await handle.stat()).mode & 0o7777 });
      setName(directory, name, node);
      await step(`make ${words}`);
      return recordedHandle(ports, handle, node, bits, words);
    }
    if (existing.kind === "file" && bits & O_TRUNC && seen(existing).bytes.length > 0) {
      truncate(existing, 0);
      await step(`empty ${words}`);
    }
    return recordedHandle(ports, handle, existing, bits, words);
  }

  async function mkdir(path: string, options: { recursive?: boolean; mode?: number } = {}): Promise<void> {
    const { directory, name, words } = await parentOf(path, options);
    const isThere = lookUp(directory, name) !== null;
    if (options.recursive && isThere) return;
    if (!isThere) takeRoom(ports, `make ${words}/`);
    await real.mkdir(path, { mode: options.mode });
    setName(directory, name, emptyDirectory());
    await step(`make ${words}/`);
  }

  async function parentOf(path: string, options: { recursive?: boolean; mode?: number }) {
    if (options.recursive && resolve(path) !== resolve(ports.root)) {
      const parent = dirname(resolve(path));
      if (parent !== resolve(ports.root)) await mkdir(parent, options);
    }
    return at(path);
  }

  async function rm(path: string, options: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
    const status = await real.lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (options.force && error.code === "ENOENT") return undefined;
      throw error;
    });
    if (!status) return;
    if (!status.isDirectory()) return remove(path, real.unlink);
    if (!options.recursive) throw Object.assign(new Error(`${path} is a directory`), { code: "ERR_FS_EISDIR" });
    for (const name of await real.readdir(path)) await rm(join(path, name), options);
    await remove(path, real.rmdir);
  }

  async function remove(path: string, call: (path: string) => Promise<void>): Promise<void> {
    const { directory, name, words } = at(path);
    await call(path);
    setName(directory, name, null);
    await step(`remove ${words}`);
  }

  return {
    open,
    mkdir,
    rm,
    unlink: (path: string) => remove(path, real.unlink),
    rmdir: (path: string) => remove(path, real.rmdir),
    async rename(from: string, to: string): Promise<void> {
      if (dirname(resolve(from)) !== dirname(resolve(to))) throw new Error("a move is not in the model of a disk");
      const { directory, name, words } = at(from);
      takeRoom(ports, `rename ${words} to ${basename(to)}`);
      await real.rename(from, to);
      rename(directory, name, basename(to));
      await step(`rename ${words} to ${basename(to)}`);
    },
    async writeFile(path: string, data: string | Uint8Array, options: { mode?: number; flag?: string } = {}) {
      const handle = await open(path, options.flag ?? "w", options.mode);
      try {
        await handle.writeFile(data);
      } finally {
        await handle.close();
      }
    },
  };
}

function recordedHandle(
  ports: Recording,
  handle: FileHandle,
  node: DiskNode,
  flags: number,
  words: string,
): FileHandle {
  const { step } = ports;
  let position = 0;

  async function put(file: FileNode, bytes: Buffer): Promise<void> {
    if ((flags & accessMode) === O_RDONLY) throw new Error(`${words} is open for reading`);
    const at = flags & O_APPEND ? seen(file).bytes.length : position;
    const what = `write ${bytes.length} bytes of ${words}`;
    const hasRoom = bytes.length === 0 || isRoomFor(ports, what);
    const taken = hasRoom ? bytes : firstHalf(bytes);
    await handle.writeFile(taken);
    if (taken.length > 0) {
      write(file, taken, at);
      position = at + taken.length;
      await step(what);
    }
    if (!hasRoom) throw noSpace(what);
  }
  const putData = (data: string | Uint8Array) => put(fileOf(node, words), Buffer.from(data as string));
  async function makeSafe(): Promise<void> {
    await handle.sync();
    if (ports.syncs?.(`sync ${words}`) !== false) sync(node);
    await step(`sync ${words}`);
  }

  const own: Readonly<Record<PropertyKey, unknown>> = {
    writeFile: putData,
    appendFile: putData,
    sync: makeSafe,
    datasync: makeSafe,
    async chmod(mode: number) {
      await handle.chmod(mode);
      const file = fileOf(node, words);
      if (seen(file).mode === mode) return;
      changeMode(file, mode);
      await step(`change the mode of ${words}`);
    },
    async write(data: Uint8Array, offset: number, length: number, at: number) {
      const given = Buffer.from(data.subarray(offset, offset + length));
      const what = `write ${length} bytes of ${words} at ${at}`;
      const bytes = isRoomFor(ports, what) ? given : firstHalf(given);
      if (bytes.length === 0 && length > 0) throw noSpace(what);
      const written = await handle.write(bytes, 0, bytes.length, at);
      write(fileOf(node, words), bytes, at);
      await step(what, Boolean(flags & O_SYNC));
      if (flags & O_SYNC) await makeSafe();
      return written;
    },
    async truncate(length = 0) {
      await handle.truncate(length);
      const file = fileOf(node, words);
      const before = seen(file).bytes.length;
      if (before < length) notModelled("a file that is made longer by truncate");
      if (before === length) return;
      truncate(file, length);
      await step(`cut ${words} to ${length} bytes`);
    },
  };
  return new Proxy(handle, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** tuf-js writes its files so. */
function writeSync(ports: Ports): (path: string, data: string | Uint8Array) => void {
  return (path, data) => {
    const { directory, name, words } = placeOf(ports, path);
    const bytes = Buffer.from(data as string);
    let node = lookUp(directory, name);
    if (!node) takeRoom(ports, `make ${words}`);
    const hasRoom = isRoomFor(ports, `write ${words}`);
    const taken = hasRoom ? bytes : firstHalf(bytes);
    realWriteFileSync(path, taken);
    if (!node) {
      node = safeFile({ bytes: Buffer.alloc(0), mode: 0o644 });
      setName(directory, name, node);
      ports.stepNow(`make ${words}`);
    }
    const file = fileOf(node, words);
    if (seen(file).bytes.length > 0) {
      truncate(file, 0);
      ports.stepNow(`empty ${words}`);
    }
    write(file, taken, 0);
    ports.stepNow(`write ${words}`);
    if (!hasRoom) throw noSpace(`write ${words}`);
  };
}

function placeOf({ root, disk }: Ports, path: string) {
  const words = relative(root, resolve(path));
  const parts = words.split("/");
  const name = parts.pop() ?? "";
  let directory = disk;
  for (const part of parts) {
    const next = lookUp(directory, part);
    if (next?.kind !== "directory") throw Object.assign(new Error(`${path}: no such directory`), { code: "ENOENT" });
    directory = next;
  }
  // What the key store's temporary files have behind their name is drawn anew each time.
  return { directory, name, words: words.replace(/\.json\.[\w-]{8}$/, ".json.*") || "the root" };
}

function isRoomFor({ hasRoom }: Ports, what: string): boolean {
  return hasRoom?.(what) !== false;
}

function takeRoom(ports: Ports, what: string): void {
  if (!isRoomFor(ports, what)) throw noSpace(what);
}

/** What a kernel writes of more than there is room for; it says so at the next call, or where there is room for nothing. */
function firstHalf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}

function noSpace(what: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, ${what}`), { code: "ENOSPC" });
}

function fileOf(node: DiskNode, words: string): FileNode {
  if (node.kind === "file") return node;
  throw new Error(`${words} is a directory`);
}

function notModelled(what: string): never {
  throw new Error(`${what} is not in the model of a disk`);
}
