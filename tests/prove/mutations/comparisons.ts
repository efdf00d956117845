/** The comparisons of `verify`, one by one. */
import { type Mutation, mutate } from "./mutation.ts";

const comparisons = "runtime/src/verify/compare/compare.test.ts";

/** A comparison's line, whatever it is called with. */
const line = (name: string): RegExp => new RegExp(`^ *\\.\\.\\.(\\(await )?${name}\\(.*\\n`, "m");
const without = (what: string, file: string, name: string, test: string): Mutation => {
  return mutate(`verify's look at ${what}`, file, line(name), "", { file: test });
};

const member = "runtime/src/verify/compare/member.ts";
const whole = "runtime/src/verify/compare/sandbox.ts";
const wholeTest = "runtime/src/verify/compare/sandbox.test.ts";
const look = "runtime/src/verify/look.ts";
const spec = "runtime/src/verify/verify.spec.ts";

export const verify: readonly Mutation[] = [
  without("uids and groups", member, "compareIdentity", comparisons),
  without("capabilities", member, "compareCapabilities", comparisons),
  without("seccomp and no_new_privs", member, "compareConfinement", comparisons),
  without("namespaces", member, "compareNamespaces", comparisons),
  without("scheduling", member, "compareScheduling", comparisons),
  without("the groups of threads", member, "compareThreads", comparisons),
  without("mounts", member, "compareMounts", comparisons),
  without("descriptors", member, "compareDescriptors", comparisons),
  without("the environment", member, "compareEnvironment", comparisons),
  without("processes that are apart", whole, "compareAlike", wholeTest),
  without("permissions", whole, "comparePermissions", wholeTest),
  without("limits and members of groups", whole, "compareGroup", wholeTest),
  without("sockets", whole, "compareSockets", wholeTest),
  without("what runs beside the components", look, "compareUnexpected", spec),
  without("the network of the board", look, "compareBoard", spec),
];
