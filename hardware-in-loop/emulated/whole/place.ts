/** Where the release of whole drivers is, from the root of the checkout: on the host that builds it, and in the guest that runs it. */
export const wholeRelease = ".cache/whole-drivers";
