/** The key store: holds the device's keys, signs with one and hands the private half of the other to the tunnel only. */
import { defineComponent, deviceIdentityInterface, tunnelKeyInterface } from "@bulkhead/sdk";
import { randomData, signTranscript, tunnelPrivateKey } from "./identity.ts";
import { loadKeys } from "./key-file.ts";
import { publicHalves } from "./key-record.ts";

/** A key store over the keys in `directory`. It does not start (KEY_STORE_DAMAGED) where they cannot be used. */
export const keyStore = (directory: string) =>
  defineComponent({
    provides: { identity: deviceIdentityInterface, tunnel: tunnelKeyInterface },
    async start({ provides }) {
      const keys = await loadKeys(directory);
      provides.identity.serve(() => ({
        publicKeys: () => publicHalves(keys),
        signTranscript: (transcript) => signTranscript(keys, transcript),
        random: ({ bytes }) => randomData(bytes),
      }));
      provides.tunnel.serve(() => ({ read: () => tunnelPrivateKey(keys) }));
    },
  });

/** The root server mounts `<dataDir>/keys` there. */
export const component = keyStore("/keys");
