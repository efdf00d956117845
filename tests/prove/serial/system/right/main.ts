/** One of two that say numbers. */
import { talker } from "../talker.ts";

export const component = talker("right");
