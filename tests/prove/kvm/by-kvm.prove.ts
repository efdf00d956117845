/**
 * The same story by KVM, on boards that have it: the emulated ones of `boards.prove.ts`, or this machine where somebody says BULKHEAD_KVM=required.
 */
import { tellStory } from "../vm/story.ts";

tellStory({
  title: "[K10] a component in a guest Linux that the kernel's KVM runs",
  isTold: process.env["BULKHEAD_GUEST"] === "1" || process.env["BULKHEAD_KVM"] === "required",
  accelerator: "kvm",
  manifest: "by-kvm.yaml",
  floodLines: 20,
});
