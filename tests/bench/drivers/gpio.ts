/** GPIO on the kernel's simulation: rates, the age of an edge, bursts. */
import { z } from "zod";
import { virtGpioSim } from "../../../hardware-in-loop/emulated/boards/virt-gpio-sim.ts";
import { figure } from "../figures.ts";
import { type Measured, measureInside } from "./inside.ts";

const rate = z.object({ setNs: z.number(), getNs: z.number() });
const latency = z.object({ seen: z.number(), medianUs: z.number(), leastUs: z.number() });
const heard = z.object({ heard: z.number(), gaps: z.number() });
const reportSchema = z.object({
  rates: z.record(z.string(), rate),
  latency: z.record(z.string(), latency),
  burst: z.object({ of: z.number() }).catchall(heard),
});

export async function measureGpio(): Promise<Measured> {
  const { report, kernel } = await measureInside(virtGpioSim, "gpio", reportSchema, { processors: 1 });
  const { rates, latency: latencies, burst } = report;
  return {
    title: `GPIO on gpio-sim, Linux ${kernel}, QEMU`,
    tables: tablesOf(report),
    figures: { kernel, rates, latencies, burst },
  };
}

function tablesOf({ rates, latency: latencies, burst }: z.infer<typeof reportSchema>): string[][][] {
  const floor = rates["C, ioctl"] ?? { setNs: Number.NaN, getNs: Number.NaN };
  const share = (one: number, other: number) => figure(one / other, 3);
  const { of, ...bursts } = burst;
  return [
    [
      ["rate, of the C loop's", "toggles", "reads"],
      ...Object.entries(rates).map(([name, { setNs, getNs }]) => [
        name,
        share(floor.setNs, setNs),
        share(floor.getNs, getNs),
      ]),
    ],
    [
      ["an edge's age when it is heard of, of C's", "least", "median", "edges of 200"],
      ...Object.entries(latencies).map(([name, { seen, medianUs, leastUs }]) => [
        name,
        share(leastUs, latencies["C, read"]?.leastUs ?? Number.NaN),
        share(medianUs, latencies["C, read"]?.medianUs ?? Number.NaN),
        `${seen}`,
      ]),
    ],
    [
      [`${of} edges at once`, "heard of", "lost and seen as a gap"],
      ...Object.entries(bursts).map(([name, result]) => [name, `${result.heard}`, `${result.gaps}`]),
    ],
  ];
}
