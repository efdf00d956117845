/** The packages of the repository: what each may import of ours, and why no more. */

export type Package = {
  /** Specifiers of ours that its sources may import, `*` standing for one path segment. */
  readonly mayImport: readonly string[];
  /** The sentence that a person reads who tries to import more. */
  readonly because: string;
  /** Ships to devices, so it must run on Node 20.19 (Debian 13's) after bundling. */
  readonly onDevice: boolean;
};

export const packages: Readonly<Record<string, Package>> = {
  protocol: {
    mayImport: [],
    because: "it is the vocabulary that all others share; an import of ours would make a circle",
    onDevice: true,
  },
  sdk: {
    mayImport: ["@bulkhead/protocol"],
    because: "it goes into every component, and each line of it runs in all of them",
    onDevice: true,
  },
  runtime: {
    // The message server stands in the middle of inspected channels, below their interfaces.
    mayImport: ["@bulkhead/protocol", "@bulkhead/sdk", "@bulkhead/sdk/channel"],
    because: "it runs as root on the device; it must not depend on what it confines (drivers, agent) or on the KMS",
    onDevice: true,
  },
  drivers: {
    mayImport: ["@bulkhead/protocol", "@bulkhead/sdk"],
    because: "a driver is a component in a sandbox and knows only its channels",
    onDevice: true,
  },
  "kms-agent": {
    mayImport: ["@bulkhead/protocol", "@bulkhead/sdk"],
    because: "the agent is trusted with nothing and reaches the runtime through its channels only",
    onDevice: true,
  },
  kms: {
    mayImport: ["@bulkhead/protocol"],
    because: "the KMS meets devices through the protocol only, so that either side can be of another version",
    onDevice: false,
  },
  "kms-web": {
    mayImport: ["@bulkhead/protocol"],
    because: "the console runs in a browser and talks to the KMS by its API only",
    onDevice: false,
  },
  studio: {
    mayImport: ["@bulkhead/protocol", "@bulkhead/protocol/manifest", "@bulkhead/kms", "@bulkhead/runtime"],
    because: "the command line uses the public entries of kms and runtime, so that their insides can change",
    onDevice: false,
  },
  manifests: {
    mayImport: ["@bulkhead/protocol", "@bulkhead/sdk", "@bulkhead/drivers/*/interface", "@bulkhead/drivers/chips/*"],
    because:
      "a component knows the interfaces of drivers, and drivers of chips that run in it, never the drivers' insides",
    onDevice: true,
  },
};

export const devicePackages = Object.keys(packages).filter((name) => packages[name]?.onDevice);

/** What Node 20.19 does not have, as it looks in a source. */
export const missingInNode20: readonly { readonly pattern: RegExp; readonly what: string; readonly instead: string }[] =
  [
    {
      pattern: /["']node:sqlite["']/,
      what: "node:sqlite (22.5)",
      instead: "a file written through temp, fsync, rename",
    },
    {
      pattern: /\bzstd(?:Compress|Decompress)|ZstdCompress|ZstdDecompress/,
      what: "zstd in zlib (22.15)",
      instead: "gzip",
    },
    { pattern: /\bglobalThis\.WebSocket\b/, what: "the global WebSocket (22)", instead: "ws" },
    {
      pattern: /\.(?:symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(/,
      what: "Set methods (22)",
      instead: "filter and has",
    },
    {
      pattern: /\bPromise\.(?:withResolvers|try)\b/,
      what: "Promise.withResolvers and Promise.try (22)",
      instead: "new Promise",
    },
    { pattern: /\b(?:Object|Map)\.groupBy\b/, what: "groupBy (21)", instead: "a loop" },
    { pattern: /\bArray\.fromAsync\b/, what: "Array.fromAsync (22)", instead: "for await" },
    {
      pattern:
        /\bIterator\.from\b|\.(?:values|keys|entries)\(\)\s*\.(?:map|filter|take|drop|some|every|find|toArray|reduce|forEach|flatMap)\(/,
      what: "iterator helpers (22)",
      instead: "an array: [...x]",
    },
    { pattern: /^\s*(?:await\s+)?using\s+\w+\s*=/m, what: "using (24)", instead: "try and finally" },
    {
      pattern: /\bRegExp\.escape\b|\bError\.isError\b|\bMath\.sumPrecise\b/,
      what: "RegExp.escape, Error.isError (24)",
      instead: "a function of your own",
    },
    {
      pattern: /\bUint8Array\.from(?:Base64|Hex)\b|\.to(?:Base64|Hex)\(\)/,
      what: "base64 and hex of Uint8Array (25)",
      instead: "Buffer",
    },
    { pattern: /\bimport\.meta\.main\b/, what: "import.meta.main (24)", instead: "an entry file of its own" },
    {
      pattern: /\bprocess\.(?:execve|threadCpuUsage|features\.typescript)\b/,
      what: "newer members of process (22)",
      instead: "execa",
    },
    {
      pattern: /\bnavigator\.|\bnew (?:EventSource|URLPattern|Float16Array)\b/,
      what: "globals of browsers (21 and later)",
      instead: "the package that does it",
    },
  ];

/** Longer than 400 lines, because they are tables and nothing else. */
export const longTables: readonly string[] = [];
