/** The programs that are compared with: found, compiled or fetched; what cannot be had is left out and said. */
import { access, copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const here = import.meta.dirname;
const cache = join(here, "../../../.cache/bench");

export type Found = {
  readonly program: string;
  readonly version: string;
  readonly environment?: Record<string, string>;
};
export type Absent = { readonly absent: string };

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function versionOf(program: string, ...args: string[]): Promise<string> {
  const { all } = await execa(program, args, { all: true, reject: false });
  return (all ?? "").split("\n")[0]?.trim() ?? "";
}

async function which(name: string): Promise<string | undefined> {
  for (const directory of ["/usr/bin", "/usr/sbin", "/usr/local/bin"]) {
    if (await isThere(join(directory, name))) return join(directory, name);
  }
  return undefined;
}

/** The ping-pong in C. */
export async function compileFloor(): Promise<Found | Absent> {
  const compiler = (await which("gcc")) ?? (await which("cc"));
  if (!compiler) return { absent: "there is no C compiler (Debian package gcc)" };
  await mkdir(cache, { recursive: true });
  const program = join(cache, "floor");
  await execa(compiler, ["-O2", "-o", program, join(here, "peers/floor.c")]);
  return { program, version: await versionOf(compiler, "--version") };
}

/** The peers' npm packages; returns the directory that holds them. */
export async function installPeers(): Promise<Found | Absent> {
  const directory = join(cache, "peers");
  await mkdir(directory, { recursive: true });
  await copyFile(join(here, "peers/package.json"), join(directory, "package.json"));
  const { failed, stderr } = await execa("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: directory,
    reject: false,
  });
  if (failed) return { absent: `npm could not install the peers: ${stderr.split("\n")[0]}` };
  return { program: directory, version: "" };
}

export async function findDbus(): Promise<Found | Absent> {
  const program = await which("dbus-daemon");
  if (!program) return { absent: "there is no dbus-daemon (Debian package dbus-daemon)" };
  return { program, version: await versionOf(program, "--version") };
}

export async function findErlang(): Promise<Found | Absent> {
  const program = await which("escript");
  if (!program) return { absent: "there is no Erlang (Debian package erlang-base)" };
  const release = 'io:format("Erlang/OTP ~s", [erlang:system_info(otp_release)]), halt().';
  return { program, version: await versionOf("erl", "-noshell", "-eval", release) };
}

/** Installed, or unpacked from Debian's packages into the cache: the host itself gets nothing. */
export async function findMosquitto(): Promise<Found | Absent> {
  const installed = await which("mosquitto");
  if (installed) return { program: installed, version: await versionOf(installed, "-h") };
  const directory = join(cache, "mosquitto");
  const program = join(directory, "usr/sbin/mosquitto");
  if (!(await isThere(program))) {
    const failure = await unpack(directory, [
      "mosquitto",
      "libmosquitto1",
      "libcjson1",
      "libwebsockets17",
      "libdlt2",
      "libev4",
      "libuv1",
      "libwrap0",
      "libnsl2",
      "libtirpc3",
    ]);
    if (failure) return { absent: failure };
  }
  const [triplet = ""] = await readdir(join(directory, "usr/lib")).then((names) =>
    names.filter((name) => name.endsWith("-linux-gnu")),
  );
  const environment = { LD_LIBRARY_PATH: `${join(directory, "usr/lib", triplet)}:${join(directory, "lib", triplet)}` };
  const { all } = await execa(program, ["-h"], { env: environment, all: true, reject: false });
  return { program, version: all?.split("\n")[0] ?? "", environment };
}

async function unpack(directory: string, packages: string[]): Promise<string | undefined> {
  await mkdir(directory, { recursive: true });
  for (const name of packages) {
    const { failed } = await execa("apt-get", ["download", name], { cwd: directory, reject: false });
    if (failed && name === "mosquitto")
      return "mosquitto is not installed and cannot be downloaded (Debian package mosquitto)";
  }
  const files = (await readdir(directory)).filter((name) => name.endsWith(".deb"));
  for (const file of files) await execa("dpkg-deb", ["-x", join(directory, file), directory]);
  return undefined;
}
