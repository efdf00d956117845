/** The key store: holds the device's keys and secrets; what leaves it is what the channel of each client allows. */
import { access } from "node:fs/promises";
import {
  componentKeysInterface,
  defineComponent,
  deviceIdentityInterface,
  releaseOpeningInterface,
  secretsInterface,
  tunnelKeyInterface,
} from "@bulkhead/sdk";
import { openDeploymentKeys } from "./deployment-keys.ts";
import { randomData, signTranscript, tunnelPrivateKey } from "./identity.ts";
import { type KeyStorePlaces, openKeys } from "./key-file.ts";
import { publicHalves } from "./key-record.ts";
import { openingKeyOf, openingPair } from "./opening-key.ts";
import { agreeAs, signAs } from "./own-keys.ts";
import { readSecrets, secretOf } from "./secrets.ts";
import { dropToken, readToken, redemptionOf } from "./token.ts";
import { deviceTcti, tpmDevice } from "./tpm.ts";

/** A key store over the keys at `places`. It does not start (KEY_STORE_DAMAGED) where they cannot be used. */
export const keyStore = (places: () => Promise<KeyStorePlaces> | KeyStorePlaces) =>
  defineComponent({
    provides: {
      identity: deviceIdentityInterface,
      tunnel: tunnelKeyInterface,
      keys: componentKeysInterface,
      secrets: secretsInterface,
      opening: releaseOpeningInterface,
    },
    async start({ provides }) {
      const { directory, secret } = await places();
      const { keys, sealer } = await openKeys({ directory, secret });
      const secrets = await readSecrets(directory, sealer);
      const deploymentKeys = await openDeploymentKeys(directory, keys, sealer);
      const opening = openingKeyOf(keys, openingPair(sealer));
      let token = await readToken(directory, sealer);
      provides.identity.serve(() => ({
        publicKeys: () => publicHalves(keys),
        signTranscript: (transcript) => ({
          ...signTranscript(keys, transcript),
          opening,
          ...(token && { redemption: redemptionOf(keys, token, transcript) }),
        }),
        async enrolled() {
          await dropToken(directory);
          token = undefined;
          return null;
        },
        random: ({ bytes }) => randomData(bytes),
      }));
      provides.tunnel.serve(() => ({ read: () => tunnelPrivateKey(keys) }));
      provides.keys.serve(({ component }) => ({
        publicKeys: () => ({ deviceKey: keys.deviceKey.publicKey, agreementKey: keys.agreementKey.publicKey }),
        sign: ({ data }) => signAs(keys, component, data),
        agree: ({ publicKey }) => agreeAs(keys, component, publicKey),
        random: ({ bytes }) => randomData(bytes),
      }));
      provides.opening.serve(() => deploymentKeys);
      // Which of them a client may read is in the grant of its channel, and enforced before this is called.
      provides.secrets.serve(() => ({ read: ({ name }) => secretOf(secrets, name) }));
    },
  });

/** The root server mounts `<dataDir>/keys` and `<dataDir>/sealing` there, and the TPM where the board has one. */
export const component = keyStore(async () => ({
  directory: "/keys",
  secret: {
    directory: "/sealing",
    tpm: await access(tpmDevice).then(
      () => deviceTcti,
      () => null,
    ),
  },
}));
