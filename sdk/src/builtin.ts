/**
 * Modules of Node that few components come to need: loaded when they do. An `import` would load them for all, and node:crypto
 * alone takes 0.9 MB of each process.
 */
export const builtin: typeof process.getBuiltinModule = (name: string) => process.getBuiltinModule(name);
