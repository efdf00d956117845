import { expect, test } from "vitest";
import { createControl } from "./control.ts";

test("a guest's control line says when its command begins, asks, and ends with its report, however it is cut into pieces", async () => {
  const heard: string[] = [];
  const control = createControl({
    ask: async (request) => `done ${request}`,
    onShell: () => void heard.push("shell"),
  });
  const text = 'shell\nask {"what":"pin"}\nnonsense\nexit 3\n{"report":\nask}\nend\nask late\n';
  const answers: string[] = [];
  for (const character of text) control.feed(character, (answer) => void answers.push(answer));
  await control.ended;
  expect(heard).toEqual(["shell"]);
  expect(answers).toEqual(['answer done {"what":"pin"}\n']);
  expect(control.exitCode()).toBe(3);
  expect(control.report()).toBe('{"report":\nask}');
});

test("a guest that ends in the middle has no exit code, or no end", () => {
  const control = createControl({ ask: async () => "", onShell: () => undefined });
  control.feed("shell\nexit", () => undefined);
  expect(control.exitCode()).toBe(null);
  expect(control.report()).toBe("");
});
