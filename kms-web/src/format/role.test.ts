import { expect, test } from "vitest";
import { describeRole } from "./role.ts";

test("[K10] the page says of a guest what runs it, and of others their role alone", () => {
  expect(describeRole({ role: "application", accelerator: "kvm" })).toBe("application, guest by KVM");
  expect(describeRole({ role: "application", accelerator: "tcg" })).toBe("application, emulated guest");
  expect(describeRole({ role: "driver" })).toBe("driver");
});
