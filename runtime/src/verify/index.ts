/** `verify`, as the root server sees it: a program that is asked a question. */
export type { Question } from "./question.ts";
