/** The identity of this KMS. */
export {
  type Instance,
  type InstanceIdentity,
  identityOf,
  type PreparedInstance,
  prepareInstance,
  readInstance,
} from "./instance.ts";
