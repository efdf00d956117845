/** Where one system keeps what, below its state directory. */
import { join } from "node:path";

export type Paths = ReturnType<typeof pathsBelow>;

/** All paths of a system. Those of Unix sockets stay far below the 107 bytes of sun_path. */
export function pathsBelow(stateDir: string) {
  const kms = join(stateDir, "kms");
  // Beside the KMS's own directory, not in it: root makes this one anew at each start and must find no link in its place.
  const kmsRun = join(stateDir, "run");
  return {
    stateDir,
    logDir: join(stateDir, "log"),
    /** The installed runtime: root server and core servers as bundles. */
    platformDir: join(stateDir, "platform"),
    /** Releases as they were built, before they are signed and uploaded. */
    buildDir: join(stateDir, "build"),
    /** The developer's side: offline keys, and the repository that they sign. */
    keysDir: join(stateDir, "project", "keys"),
    repositoryDir: join(stateDir, "project", "repository"),
    kms,
    kmsRun,
    kmsConfig: join(stateDir, "kms.json"),
    gatewayDir: join(stateDir, "gateway"),
    gatewayConfig: join(stateDir, "gateway", "config.json"),
    gatewaySocket: join(kmsRun, "gateway.sock"),
    deviceSocket: join(kmsRun, "device.sock"),
    /** How the command line finds the running server. */
    studioRecord: join(stateDir, "studio.json"),
    devicesDir: join(stateDir, "devices"),
  };
}

/** The wire between gateway and devices: a benchmark network (RFC 2544, section C.2.2), which nobody routes. */
export const wire = {
  gateway: "198.18.0.1",
  gatewayPort: 51820,
  device: (number: number) => `198.18.0.${10 + number}`,
  prefixLength: 24,
} as const;
