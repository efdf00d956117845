import { talker } from "../talker.ts";

export const component = talker("left");
