/** Which token a board is given, by what a person asked for, and what becomes of it. */
import { resolve } from "node:path";
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { openStudio } from "../api/server-option.ts";
import { type Identity, makeIdentity } from "./identity.ts";
import { readTokenFile } from "./token-file.ts";

export type EnrolmentArgs = {
  enrol?: string | undefined;
  "token-file"?: string | undefined;
  deployment?: string | undefined;
  /** Of the Studio Server. */
  name: string;
};

/** Throws USAGE where two are asked for. */
export function checkEnrolment({ enrol, "token-file": file, deployment }: EnrolmentArgs): void {
  if (deployment !== undefined && enrol === undefined) {
    throw new BulkheadError("USAGE", "the deployment is that of a board that gets a token", { remedy: "give --enrol" });
  }
  if (enrol === undefined || file === undefined) return;
  throw new BulkheadError("USAGE", "a token is asked for or there is one", { remedy: "give --enrol or --token-file" });
}

/** Undefined: the board is not to enrol itself. Asks nobody for a token yet. Throws USAGE, CONFLICT, STUDIO_UNREACHABLE, ENROLMENT_INVALID. */
export async function identityFor(args: EnrolmentArgs): Promise<Identity | undefined> {
  const { enrol, "token-file": file, name } = args;
  if (file !== undefined) return await readTokenFile(resolve(file), Date.now());
  return enrol === undefined ? undefined : await makeIdentity(await openStudio(name), enrol, inDeployment(args));
}

/** Throws USAGE. */
export function inDeployment({ deployment }: { deployment?: string | undefined }): { deployment?: string } {
  if (deployment === undefined) return {};
  const name = nameSchema.safeParse(deployment);
  if (name.success) return { deployment: name.data };
  throw new BulkheadError("USAGE", `${deployment} is not the name of a deployment`);
}

/** Whatever ends `work` before the board has its token, the token that was asked for it is withdrawn. */
export async function giveIdentity<T>(identity: Identity | undefined, work: () => Promise<T>): Promise<T> {
  const result = await work().catch(async (error: unknown) => {
    await identity?.withdraw();
    throw error;
  });
  await identity?.done();
  return result;
}

/** Said behind what was written. */
export function enrolsItself(identity: Identity | undefined): string {
  return identity === undefined ? "" : `; its board enrols itself as ${identity.name} at its first start`;
}
