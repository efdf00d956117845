/** An artifact as it is fetched: by its digest. */
export const blobPath = "/device/v1/blobs";

export type Blob = { readonly digest: string; readonly length: number };
