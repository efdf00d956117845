/** The second of the two that share a process. */
import { station } from "../ring.ts";

export const component = station();
