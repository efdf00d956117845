/** What only an installed board has around its root server: systemd, slots, a first start. The last two are programs of their own. */
export { openServiceManager } from "./service-manager.ts";
