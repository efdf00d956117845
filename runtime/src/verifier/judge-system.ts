/**
 * What the compiler guarantees is looked at again where privileges hang on it: images and roles, who has the network
 * `kms`, and that channels and the order of start name components that exist.
 */
import { BulkheadError, type Component, type CoreName, coreImages, type Release } from "@bulkhead/protocol";

/** Throws RELEASE_INVALID naming the component or channel that cannot be. Pure. */
export function checkSystem({ system, artifacts, board }: Release): void {
  if (system.board !== board) throw invalid(`it is for board ${system.board}, and the release for ${board}`);
  const listed = new Set(artifacts.map(({ digest }) => digest));
  for (const [name, component] of Object.entries(system.components)) {
    if (Object.hasOwn(coreImages, name)) checkCore(name as CoreName, component);
    else checkOwn(name, component, listed);
  }
  checkReferences(system);
}

function checkCore(name: CoreName, { image, role, network }: Component): void {
  const expected = coreImages[name];
  if (!("core" in image) || image.core !== name) throw invalid(`${name} is not the core server of this name`);
  if (role !== expected.role) throw invalid(`${name} cannot have the role ${role}`);
  if (network.join() !== expected.network.join()) throw invalid(`${name} cannot have the network ${network.join()}`);
}

function checkOwn(name: string, { image, role, network }: Component, listed: ReadonlySet<string>): void {
  if ("core" in image) throw invalid(`${name} is no core server`);
  if (role !== "driver" && role !== "application") throw invalid(`${name} cannot have the role ${role}`);
  if (!listed.has(image.artifact)) throw invalid(`the artifact of ${name} is not listed`);
  if (network.includes("kms")) throw invalid(`${name} cannot have the network kms`);
}

function checkReferences({ components, channels, startOrder }: Release["system"]): void {
  for (const { client, name, provider } of channels) {
    if (Object.hasOwn(components, client) && Object.hasOwn(components, provider)) continue;
    throw invalid(`the channel ${client}.${name} has an end that does not exist`);
  }
  if ([...startOrder].sort().join() === Object.keys(components).sort().join()) return;
  throw invalid("its order of start does not name every component once");
}

function invalid(what: string): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", `the system of the release is not one that can run: ${what}`);
}
