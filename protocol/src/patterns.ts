/** How names and digests are written, without a schema: what a component's own code needs of it is this alone. */

/** Components, channels, interfaces, proxies. 32 characters keep every socket path below the 107 bytes of sun_path. */
export const namePattern = /^[a-z][a-z0-9-]{0,31}$/;
export const nameRule = "a name is a-z, 0-9 and -, starts with a letter and has at most 32 characters";

/** Roles decide which privileges the runtime may give; only core servers and drivers ever get any. */
export const roles = ["core", "driver", "agent", "application"] as const;
export type Role = (typeof roles)[number];
