/** The tree of commands. A command is a folder with a `command.ts`; a new one is one more line here. */
import { defineCommand } from "citty";

export const root = defineCommand({
  meta: { name: "bulkhead", description: "Author, check, build, sign and run systems of isolated components." },
  // Loaded when called, so that `bulkhead check` does not wait for a bundler.
  subCommands: {
    check: () => import("./check/command.ts").then(({ command }) => command),
    graph: () => import("./graph/command.ts").then(({ command }) => command),
    why: () => import("./why/command.ts").then(({ command }) => command),
    diff: () => import("./diff/command.ts").then(({ command }) => command),
    resources: () => import("./resources/command.ts").then(({ command }) => command),
    replay: () => import("./replay/command.ts").then(({ command }) => command),
    build: () => import("./build/command.ts").then(({ command }) => command),
    flash: () => import("./flash/command.ts").then(({ command }) => command),
    image: () => import("./image/command.ts").then(({ command }) => command),
    keys: () => import("./keys/command.ts").then(({ command }) => command),
    root: () => import("./root/command.ts").then(({ command }) => command),
    request: () => import("./request/command.ts").then(({ command }) => command),
    sign: () => import("./sign/command.ts").then(({ command }) => command),
    rollback: () => import("./rollback/command.ts").then(({ command }) => command),
    overlay: () => import("./overlay/command.ts").then(({ command }) => command),
    run: () => import("./run-command/command.ts").then(({ command }) => command),
    forget: () => import("./forget/command.ts").then(({ command }) => command),
    kms: () => import("./kms/command.ts").then(({ command }) => command),
    device: () => import("./device/command.ts").then(({ command }) => command),
    upload: () => import("./upload/command.ts").then(({ command }) => command),
    deploy: () => import("./deploy/command.ts").then(({ command }) => command),
    export: () => import("./export/command.ts").then(({ command }) => command),
  },
});
