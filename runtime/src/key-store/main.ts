/** The key store: holds the device's keys, signs with one and hands the private half of the other to the tunnel only. */
import { defineComponent, deviceIdentityInterface, tunnelKeyInterface } from "@bulkhead/sdk";
import { randomData, signTranscript, tunnelPrivateKey } from "./identity.ts";
import { loadKeys } from "./key-file.ts";
import { publicHalves } from "./key-record.ts";

/** Where the root server mounts `<dataDir>/keys`. */
const keyDirectory = "/keys";

export const component = defineComponent({
  provides: { identity: deviceIdentityInterface, tunnel: tunnelKeyInterface },
  async start({ provides }) {
    const keys = await loadKeys(keyDirectory);
    provides.identity.serve(() => ({
      publicKeys: () => publicHalves(keys),
      signTranscript: (transcript) => signTranscript(keys, transcript),
      random: ({ bytes }) => randomData(bytes),
    }));
    provides.tunnel.serve(() => ({ read: () => tunnelPrivateKey(keys) }));
  },
});
