/** Where the release of whole drivers and the root server are, from the root of the checkout: on the host that builds it, and in the guest that runs it. */
export const wholeDrivers = ".cache/whole-drivers";
