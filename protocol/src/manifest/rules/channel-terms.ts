/** Terms of a channel that need each other, or exclude each other. */
import type { ErrorReport } from "../../errors.ts";
import { coreImages } from "../../images.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";

export const channelTermsRule: Rule = (analysis) =>
  analysis.plan.channels
    .filter(({ client }) => Object.hasOwn(analysis.written.components, client))
    .flatMap((channel) => [...checkRate(analysis, channel), ...checkInspection(analysis, channel)]);

const pathOf = ({ client, name }: Channel, term: string) => ["components", client, "uses", name, term];

// A provider's stub counts nothing; the message server does, and only on what passes through it.
function checkRate({ source }: Analysis, channel: Channel): ErrorReport[] {
  if (channel.ratePerSecond === null || channel.inspect) return [];
  const message = `\`${channel.client}.${channel.name}\` has a rate, which only an inspected channel can hold to`;
  const path = pathOf(channel, "rate");
  return [atKey(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "write `inspect: true` beside it" })];
}

/**
 * Inspection is the check that does not trust the provider. Core servers are trusted, and the runtime needs them to
 * work when the message server does not: their channels stay direct.
 */
function checkInspection({ source }: Analysis, channel: Channel): ErrorReport[] {
  if (!channel.inspect) return [];
  const name = `${channel.client}.${channel.name}`;
  const core = Object.hasOwn(coreImages, channel.provider);
  const path = pathOf(channel, "inspect");
  const both = channel.leaseBytes > 0;
  return [
    ...(core
      ? [
          atValue(source, {
            code: "MANIFEST_INVALID_VALUE",
            path,
            message: `\`${name}\` goes to the core server \`${channel.provider}\`, whose channels are never inspected`,
            remedy: "remove `inspect`",
          }),
        ]
      : []),
    ...(both
      ? [
          atValue(source, {
            code: "MANIFEST_INVALID_VALUE",
            path,
            message: `\`${name}\` has a lease, and what stands in shared memory nobody can inspect`,
            remedy: "remove `inspect` or `lease`",
          }),
        ]
      : []),
  ];
}
