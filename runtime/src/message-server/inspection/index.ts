/** Inspected channels: the message server stands in the middle of them. */
export { type Middle, type MiddleOptions, standInTheMiddle } from "./middle.ts";
