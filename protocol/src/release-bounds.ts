/** How large what a release consists of may be: one bound for who builds, keeps, carries, judges and installs it. */

/** A device reads the document whole; a system of a thousand components stays far below. */
export const maxReleaseBytes = 4 * 1024 * 1024;

/** Of an artifact, and of a part of a base system. */
export const maxBlobBytes = 512 * 1024 * 1024;

/** Of all artifacts of a release and the parts of its base system together: the disk of the smallest board has 4 GB. */
export const maxReleaseArtifactsBytes = 1024 * 1024 * 1024;
