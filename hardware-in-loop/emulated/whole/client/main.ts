/**
 * Uses a device of five drivers and says what it meets, a line each: a lamp follows a button, a chip is asked for its temperature, a
 * port gets its own words back, a LED is to shine, a clock is asked and set. Who goes and comes back is said as well, and what is refused.
 */
import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { ledInterface } from "@bulkhead/drivers/leds/interface";
import { rtcInterface } from "@bulkhead/drivers/rtc/interface";
import { serialPortInterface } from "@bulkhead/drivers/serial/interface";
import { defineComponent } from "@bulkhead/sdk";
import { temperatureOf } from "../../../../manifests/bench/thermometer/main.ts";
import { startCycle } from "../../../../manifests/greenhouse/cycle.ts";

const periodMs = 500;
/** An emulated processor is slow, and a driver that was killed takes its time. */
const patient = { deadlineMs: 300_000 };
const word = "over the wire";

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);
const outcome = (call: Promise<unknown>): Promise<string> => call.then(() => "done", codeOf);
const say = (text: string): void => console.log(text);

export const component = defineComponent({
  uses: {
    lamp: gpioLineInterface,
    button: gpioLineInterface,
    chip: i2cDeviceInterface,
    port: serialPortInterface,
    clock: rtcInterface,
    light: ledInterface,
  },
  start({ uses: { lamp, button, chip, port, clock, light }, onStop }) {
    const watch = () => button.watch({ edges: "both" }, patient).then(() => say("watches"), complain);
    button.channel.on("edge", async ({ level }) =>
      say(`lamp ${level} ${await outcome(lamp.write({ level }, patient))}`),
    );
    button.channel.onPeer(({ up }) => {
      say(`gpio ${up ? "up" : "down"}`);
      if (up) void watch();
    });
    port.channel.onPeer(({ up }) => {
      say(`serial ${up ? "up" : "down"}`);
      if (up) void echo().catch(complain);
    });
    chip.channel.onPeer(({ up }) => say(`i2c ${up ? "up" : "down"}`));

    async function echo(): Promise<void> {
      await port.open({ speed: 115_200 }, patient);
      const input = port.input(null);
      await port.write({ data: Buffer.from(word) }, patient);
      let came = "";
      for await (const { data } of input) {
        came += Buffer.from(data).toString("latin1");
        if (came.includes(word)) break;
      }
      say(`echo ${word}`);
    }
    const news = changes();
    const measure = async (): Promise<void> => {
      const met = await chip
        .readRegister({ register: 0, length: 2 }, patient)
        .then(({ data }) => `${temperatureOf(data).toFixed(1)}`, codeOf);
      news(`temperature ${met}`);
    };
    const shine = async (): Promise<void> => news(`light ${await outcome(light.set({ percent: 100 }, patient))}`);
    void refusals().then((met) => say(JSON.stringify(met)));
    async function refusals(): Promise<Record<string, string>> {
      return {
        "write a pin that is read": await outcome(button.write({ level: 1 }, patient)),
        "watch a pin that is written": await outcome(lamp.watch({ edges: "both" }, patient)),
        "write a chip that is read": await outcome(chip.writeRegister({ register: 1, data: Buffer.of(0) }, patient)),
        "set the kernel's clock": await outcome(clock.set({ timeMs: 1_900_000_000_000 }, patient)),
        "speak faster": await outcome(port.open({ speed: 230_400 }, patient)),
      };
    }
    void clock.read(null, patient).then(({ timeMs }) => say(`clock ${timeMs > 0}`), complain);
    onStop(startCycle(periodMs, measure));
    onStop(startCycle(periodMs, shine));
  },
});

/** Says of each thing, which is the first word, what is another than before. */
function changes(): (line: string) => void {
  const last = new Map<string, string>();
  return (line) => {
    const [thing = ""] = line.split(" ");
    if (last.get(thing) !== line) say(line);
    last.set(thing, line);
  };
}

function complain(error: unknown): void {
  say(`failed: ${codeOf(error)}`);
}
