/** 4: what crashes on purpose comes back with back-off, its strong dependent with it; its other peer is told and carries on. */
import { eventually } from "../../../studio/src/run/eventually.ts";
import { fact, type Proof } from "../proof.ts";

export const supervisionProof: Proof = {
  title: "a crash restarts the component and its strong dependent; the other peer is told; reasons can be read",
  async prove(light) {
    const before = await light.component("climate");
    const [moisture, irrigation] = await eventually("moisture to have crashed and come back", 40_000, async () => {
      const [crashed, dependent] = [await light.component("moisture"), await light.component("irrigation")];
      return crashed.restarts >= 1 && crashed.state === "ready" && dependent.state === "ready"
        ? [crashed, dependent]
        : undefined;
    });
    const climate = await light.component("climate");
    const told = await light.line("climate", /moisture.*(gone|without)/i);
    const back = await light.line("climate", /moisture.*(back|again)/i);
    const delay = await light
      .line("runtime", /moisture.*(back-?off|again in|restart.* in) ?[\d.]+ ?m?s/i)
      .catch(() => null);
    return [
      fact(
        /moisture/.test(moisture?.lastReason?.text ?? ""),
        `moisture restarted ${moisture?.restarts} times: "${moisture?.lastReason?.text}"`,
      ),
      fact(
        (irrigation?.restarts ?? 0) >= 1 && /moisture/.test(irrigation?.lastReason?.text ?? ""),
        `irrigation with it, ${irrigation?.restarts} times: "${irrigation?.lastReason?.text}"`,
      ),
      fact(
        climate.incarnation === before.incarnation && climate.state === "ready",
        `climate carried on as incarnation ${climate.incarnation}`,
      ),
      fact(told.id < back.id, `climate was told: "${told.text}", then "${back.text}"`),
      fact(delay !== null, `with back-off: ${delay ? `"${delay.text}"` : "the runtime's log says nothing of a delay"}`),
    ];
  },
};
