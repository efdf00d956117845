/**
 * Drivers beside their peers, in one emulated board: `npm run bench -- drivers`. An emulated processor's figures say nothing of a board's, so
 * only ratios are printed; the JSON has what they were made of.
 */
import { z } from "zod";
import { virtGpioSim } from "../../../hardware-in-loop/emulated/boards/virt-gpio-sim.ts";
import { runInGuest } from "../../../hardware-in-loop/emulated/guest.ts";
import { columns, figure, loadNow, machine } from "../figures.ts";

const rate = z.object({ setNs: z.number(), getNs: z.number() });
const latency = z.object({ seen: z.number(), medianUs: z.number(), leastUs: z.number() });
const heard = z.object({ heard: z.number(), gaps: z.number() });
const reportSchema = z.object({
  rates: z.record(z.string(), rate),
  latency: z.record(z.string(), latency),
  burst: z.object({ of: z.number() }).catchall(heard),
});

const outcome = await runInGuest({
  board: virtGpioSim,
  argv: ["node", "tests/bench/drivers/inside/gpio.ts"],
  processors: 1,
  memoryMiB: 1024,
  nice: 0,
  boundMs: 20 * 60_000,
  onOutput: (text) => process.stderr.write(text),
});
if (outcome.report === "") throw new Error(`the guest ended without a report\n${outcome.console}`);
const { rates, latency: latencies, burst } = reportSchema.parse(JSON.parse(outcome.report));

if (!process.argv.includes("--json")) print();
const host = { ...machine(), load: loadNow() };
process.stdout.write(
  `${JSON.stringify({ bench: "drivers", host, kernel: outcome.kernel, rates, latencies, burst })}\n`,
);

function print(): void {
  const floor = rates["C, ioctl"] ?? { setNs: Number.NaN, getNs: Number.NaN };
  const share = (one: number, other: number) => figure(one / other, 3);
  const { of, ...bursts } = burst;
  const tables = [
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
  process.stdout.write(`GPIO on gpio-sim, Linux ${outcome.kernel}, QEMU\n\n${tables.map(columns).join("\n\n")}\n\n`);
}
