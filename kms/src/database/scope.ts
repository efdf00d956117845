/** Whose data a query may see. Every query of every context takes one; a Studio Server has just one. */
export type Scope = { readonly id: string };

export const studioScope: Scope = { id: "studio" };
