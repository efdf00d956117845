/** A guest whose processor is emulated, on this machine. */
import { hasVirtualMachine } from "../../polyglot/virtual-machine.ts";
import { tellStory } from "./story.ts";

tellStory({
  title: "[K10] a component in a guest Linux",
  isTold: hasVirtualMachine() && process.env["BULKHEAD_GUEST"] !== "1",
  accelerator: "tcg",
  manifest: "manifest.yaml",
  floodLines: 5000,
});
