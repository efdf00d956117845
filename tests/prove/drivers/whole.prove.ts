/** Whole drivers on the emulated i.MX 8M Mini evaluation kit: root server, sandboxes, bundles with their native code, and a client with its grants. */
import { describe } from "vitest";
import { imx8mmEvk } from "../../../hardware-in-loop/emulated/boards/imx8mm-evk.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { buildWhole } from "../../../hardware-in-loop/emulated/whole/release.ts";
import { proveInGuest } from "../guest/verdicts.ts";

describe("[K11] whole drivers of imx8mm-evk", () => {
  const options = { ...boardSpecs, addOns: false, makeFolder: buildWhole };
  proveInGuest(imx8mmEvk, { "hardware-in-loop/emulated/whole/drivers.board.ts": [] }, options);
});
