/** Storage of components: a directory each, held to its quota by the kernel. */
export { mountStorage, type Storages, unmountStorage } from "./mount.ts";
export { storageWishes } from "./places.ts";
