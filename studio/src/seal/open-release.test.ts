/** What an envelope shows, and what is in it: the one function that opens it for the studio and for a device's verifier. */
import { canonicalJson, type Envelope, generateX25519Key, type Release, sha256 } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { openRelease, type Unwrap, unwrapFileKey } from "@bulkhead/runtime";
import { describe, expect, test } from "vitest";
import { sealWhole } from "./write.ts";

const ours = generateX25519Key();
const unwrap: Unwrap = (stanzas) => stanzas.flatMap((stanza) => unwrapFileKey(stanza, ours) ?? [])[0];
const release: Release = {
  ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
  ...{
    builtAtMs: 0,
    system: plainSystem({ components: { pump: plainComponent({ config: { ml: 1 } }) } }),
    artifacts: [],
  },
};
const text = canonicalJson(release);
const target = "example-1.json";

type Change = { shown?: Partial<Envelope>; inside?: string; sealed?: Record<string, string>; opensTo?: string };

async function opened({ shown, inside = text, sealed = {}, opensTo = sha256(inside) }: Change) {
  const recipients = [ours.publicKey];
  const envelope: Envelope = {
    ...{ envelope: 1, name: "example", version: "1.0.0", releaseCounter: 1, board: "virtual" },
    ...{ release: opensTo, recipients, blobs: [] },
    content: (await sealWhole(canonicalJson({ release: inside, sealed }), recipients)).toString("base64"),
    ...shown,
  };
  return openRelease(canonicalJson(envelope), { target, opensTo }, unwrap);
}

describe("[S3] the envelope of a release", () => {
  test("opens to the release that it shows", async () => {
    expect(await opened({})).toMatchObject({ release, text, sealed: {}, envelope: { board: "virtual" } });
  });

  test.each<[string, Change]>([
    ["shows another board", { shown: { board: "other" } }],
    ["shows another version", { shown: { version: "9.9.9" } }],
    ["is another release's", { shown: { releaseCounter: 2 } }],
    ["names another release than the signed one", { shown: { release: "0".repeat(64) } }],
    ["holds what is no release", { inside: "{}" }],
    ["holds a release that is not written as releases are", { inside: JSON.stringify(release, null, 1) }],
    ["holds a release with a number that is none of ours", { inside: text.replace('"ml":1', '"ml":1.5') }],
    ["holds files that it does not list", { sealed: { ["a".repeat(64)]: "b".repeat(64) } }],
  ])("is refused where it %s", async (_what, change) => {
    await expect(opened(change)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
  });

  test("is refused where what is in it does not have the signed digest", async () => {
    const opensTo = "0".repeat(64);
    await expect(opened({ opensTo })).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  });
});
