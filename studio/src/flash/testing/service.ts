/** A management service for tests of cards and token files. */
import { generateSigningKey, generateX25519Key } from "@bulkhead/protocol";

export const expiresAtMs = 2_000_000_000_000;

/** A service that knows one device and waits for one; `asked` is what it heard. */
export function service() {
  const asked: unknown[] = [];
  const endpoint = { host: "198.18.0.1", port: 51_820 };
  const kms = { instanceKey: generateSigningKey().publicKey, tunnelKey: generateX25519Key().publicKey };
  const client = {
    devices: async () => [{ name: "taken" }] as never,
    enrolments: async () => [{ number: 3, name: "awaited", createdAtMs: 1, expiresAtMs }],
    async openEnrolment(request: { name: string; tunnelKey: string; tokenKey: string }) {
      asked.push(request);
      return {
        enrolment: { number: 7, name: request.name, createdAtMs: 1, expiresAtMs },
        invitation: {
          ...{ format: 1 as const, name: request.name, tunnelKey: request.tunnelKey, tufRoot: "{}" },
          ...{ kms: { ...kms, endpoint, address: "fd00:1:2::1", proxies: {} }, addressPrefix: "fd00:1:2:0:0:0:1:0" },
        },
      };
    },
    async cancelEnrolment(number: number) {
      asked.push(number);
    },
  };
  return { client, asked };
}
