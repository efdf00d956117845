/** What a component is, in words. */
import type { ComponentStatus } from "@bulkhead/protocol";

const guests: Record<NonNullable<ComponentStatus["accelerator"]>, string> = {
  kvm: "guest by KVM",
  tcg: "emulated guest",
};

/** Its role, and for a guest what runs it: "application, guest by KVM". */
export function describeRole({ role, accelerator }: Pick<ComponentStatus, "role" | "accelerator">): string {
  return accelerator === undefined ? role : `${role}, ${guests[accelerator]}`;
}
