/** What the scheduler server is told by the root server: the limits that the manifest declares. */
import { componentSchema, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";

const declaredSchema = componentSchema.pick({ cpu: true, memoryBytes: true, processes: true, openFiles: true }).extend({
  /** Two processes, each with these limits. */
  spare: z.boolean().default(false),
});

/** Unknown members are ignored: a newer root server may say more. */
export const schedulerConfigSchema = z.object({
  components: z.record(nameSchema, declaredSchema),
  usage: z.record(nameSchema, z.object({ quotaBytes: z.number(), ringBytes: z.number() })).default({}),
});
export type OwnPlaces = z.infer<typeof schedulerConfigSchema>["usage"];
export type Declared = z.infer<typeof declaredSchema>;

/** The processor share of a component in words: `weight 100, at most 50 % of a core` or `2 ms in every 50 ms`. */
export function describeCpu(cpu: Declared["cpu"]): string {
  if (cpu.class === "deadline") return `${cpu.budgetUs / 1000} ms in every ${cpu.periodUs / 1000} ms`;
  const quota = cpu.quotaPercent === undefined ? "" : `, at most ${cpu.quotaPercent} % of a core`;
  return `weight ${cpu.weight}${quota}`;
}
