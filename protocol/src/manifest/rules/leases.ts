/** A lease is shared memory of two components: whole pages, and no more than either of them may have. */
import type { ErrorReport } from "../../errors.ts";
import { coreImages } from "../../images.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";
import { formatSize } from "../units.ts";

/** The smallest page of the supported processors. */
const pageBytes = 4096;

export const leaseRule: Rule = (analysis) =>
  analysis.plan.channels.filter(({ leaseBytes }) => leaseBytes > 0).flatMap((channel) => checkLease(analysis, channel));

function checkLease({ plan, source }: Analysis, channel: Channel): ErrorReport[] {
  const { client, name, provider, leaseBytes } = channel;
  const path = ["components", client, "uses", name, "lease"];
  const code = "MANIFEST_INVALID_VALUE";
  if (Object.hasOwn(coreImages, provider)) {
    const message = `\`${client}.${name}\` goes to the core server \`${provider}\`, which leases no memory`;
    return [atValue(source, { code, path, message, remedy: "remove `lease`" })];
  }
  if (leaseBytes % pageBytes !== 0) {
    const message = `the lease of \`${client}.${name}\` is ${formatSize(leaseBytes)}, which is not whole pages`;
    const remedy = `write a multiple of ${formatSize(pageBytes)}`;
    return [atValue(source, { code, path, message, remedy })];
  }
  const smaller = [client, provider].find((end) => leaseBytes > (plan.components[end]?.memoryBytes ?? 0));
  if (smaller === undefined) return [];
  const memory = formatSize(plan.components[smaller]?.memoryBytes ?? 0);
  const message = `the lease of \`${client}.${name}\` is ${formatSize(leaseBytes)}, and \`${smaller}\` may have ${memory}`;
  const remedy = `lower \`lease\`, or raise \`memory\` of \`${smaller}\``;
  return [atValue(source, { code, path, message, remedy })];
}
