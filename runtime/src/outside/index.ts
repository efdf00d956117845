/** What is outside of the device: the way there, and what is known of it before any component runs. */
export { firstUplinkOf, setClock } from "./first.ts";
export { openWayOut, type WayOut } from "./way-out.ts";
