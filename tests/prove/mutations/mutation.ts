/** A protection that is taken away: the change of its source, and the test that must fail then. */

export type Edit = { readonly file: string; readonly from: string | RegExp; readonly to: string };
export type Mutation = {
  readonly without: string;
  readonly edits: readonly Edit[];
  /** A specification or test file, and the part of its tests' names that is run. */
  readonly test: { readonly file: string; readonly name?: string };
};

/** The usual one: a single edit. */
export function mutate(
  without: string,
  file: string,
  from: Edit["from"],
  to: string,
  test: Mutation["test"],
): Mutation {
  return { without, edits: [{ file, from, to }], test };
}
