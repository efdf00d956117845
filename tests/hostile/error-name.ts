/** The kernel's name of an error number. */
import { constants } from "node:os";

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

export const errorName = (number: number): string => (number === 0 ? "" : (names.get(number) ?? `errno ${number}`));
