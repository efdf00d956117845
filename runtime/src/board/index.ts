/** What only an installed board has around its root server: systemd, slots, a first start, which is a program of its own. */
export { openServiceManager } from "./service-manager.ts";
export { type BoardSlots, openSlots, type SlotDisk } from "./slots/board-slots.ts";
export { fullTries, type SlotName, type SlotRecord } from "./slots/record.ts";
export type { RunningSlot } from "./slots/running.ts";
