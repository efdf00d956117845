/** Security primitives of a board: what a processor or a chip beside it does that software alone cannot. */
import { z } from "zod";

export const primitives = ["secure-boot", "tpm", "caam", "op-tee", "hardware-rng", "watchdog"] as const;
export type Primitive = (typeof primitives)[number];
export const primitiveSchema = z.enum(primitives);
