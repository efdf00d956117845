/**
 * Mutual authentication of the command channel (protocol/src/command-channel.ts). The tunnel has said which device this
 * must be; here it proves that it holds that device's other key, and the KMS proves to be the pinned one.
 */
import {
  BulkheadError,
  commandChannelProtocol,
  type FromKms,
  randomToken,
  signMessage,
  type Transcript,
  transcriptBytes,
  verifySignature,
} from "@bulkhead/protocol";
import type { DeviceRow } from "../devices/index.ts";
import type { Instance } from "../instance/index.ts";
import type { Inbox } from "./inbox.ts";

/**
 * Resolves when both sides have proved themselves. Errors: PROTOCOL_INVALID, PROTOCOL_VERSION,
 * DEVICE_AUTHENTICATION_FAILED.
 */
export async function authenticate(
  inbox: Inbox,
  send: (message: FromKms) => void,
  device: DeviceRow,
  instance: Instance,
): Promise<void> {
  const hello = await inbox.expect("hello");
  if (hello.protocol !== commandChannelProtocol) {
    throw new BulkheadError(
      "PROTOCOL_VERSION",
      `the device speaks version ${hello.protocol} of the command channel, this KMS version ${commandChannelProtocol}`,
      { remedy: "update the older of the two" },
    );
  }
  if (hello.deviceId !== device.id) {
    throw new BulkheadError(
      "DEVICE_AUTHENTICATION_FAILED",
      `a device that calls itself ${hello.deviceId} spoke from the address of ${device.id}`,
      { remedy: "enrol the device with the keys that its key store holds" },
    );
  }
  const transcript: Transcript = {
    deviceId: device.id,
    deviceNonce: hello.nonce,
    kmsNonce: randomToken(),
    deviceTunnelKey: device.tunnelKey,
    kmsTunnelKey: instance.tunnelKey,
  };
  const signature = signMessage(instance.instanceKey, transcriptBytes("kms", transcript));
  send({ type: "challenge", protocol: commandChannelProtocol, nonce: transcript.kmsNonce, signature });
  const proof = await inbox.expect("proof");
  if (!verifySignature(device.deviceKey, transcriptBytes("device", transcript), proof.signature)) {
    throw new BulkheadError(
      "DEVICE_AUTHENTICATION_FAILED",
      `the proof of ${device.id} was not made by its registered device key`,
      { remedy: "if the device got new keys, delete it here and enrol it again" },
    );
  }
}
