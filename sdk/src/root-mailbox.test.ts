import { crashFactsSchema, toCoreServer } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { createRootMailbox } from "./root-mailbox.ts";

const facts = (incarnation: number) => ({
  ...{ atMs: 1, component: "echo", incarnation, generation: 1, release: "r 1.0.0", reason: "it ended", stack: null },
  exit: { code: 1, signal: null, outOfMemory: false },
  limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 1 } },
  memoryPeakBytes: null,
});

test("[K2] who listens late hears the last of a kind, and of crashes each one", () => {
  const { link, take } = createRootMailbox(() => undefined);
  take("files", { open: { a: 1 } });
  take("files", { open: { a: 2 } });
  for (const incarnation of [1, 2]) take("crash", facts(incarnation));
  const heard: unknown[] = [];
  link.hear("files", toCoreServer.files, ({ open }) => heard.push(open["a"]));
  link.hear("crash", crashFactsSchema, ({ incarnation }) => heard.push(incarnation));
  take("files", { open: { a: 3 } });
  take("crash", facts(3));
  expect(heard).toEqual([2, 1, 2, 3, 3]);
});

test("[K2] what comes is checked by who listens to it, when it comes and when it lay here", () => {
  const { link, take } = createRootMailbox(() => undefined);
  const hear = () => link.hear("files", toCoreServer.files, () => expect.unreachable());
  const refused = expect.objectContaining({ code: "IPC_FRAME_INVALID" });
  take("files", { open: { a: -1 } });
  expect(hear).toThrow(refused);
  expect(() => take("files", { open: "many" })).toThrow(refused);
});

test("[K2] crashes are told once, and so many of them are kept for who comes late as a mistake may cost", () => {
  const { link, take } = createRootMailbox(() => undefined);
  const heard: number[] = [];
  const hear = () => link.hear("crash", crashFactsSchema, ({ incarnation }) => heard.push(incarnation));
  for (let incarnation = 1; incarnation <= 100; incarnation++) take("crash", facts(incarnation));
  hear();
  expect(heard).toEqual(Array.from({ length: 64 }, (_, index) => index + 1));
  take("crash", facts(101));
  hear();
  expect(heard).toHaveLength(65);
});
