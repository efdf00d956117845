/**
 * Mutual authentication of the command channel (protocol/src/command-channel.ts). The tunnel has said which device this
 * must be; here it proves that it holds that device's other key, and the KMS proves to be the pinned one.
 */
import {
  BulkheadError,
  commandChannelProtocol,
  deviceIdOf,
  type FromDevice,
  type FromKms,
  isOpeningKeyOf,
  type OpeningKey,
  randomToken,
  redemptionBytes,
  signMessage,
  type Transcript,
  transcriptBytes,
  verifySignature,
} from "@bulkhead/protocol";
import { type EnrolmentRow, refused } from "../enrolments/index.ts";
import type { Instance } from "../instance/index.ts";
import type { Guest } from "../kms.ts";
import type { Inbox } from "./inbox.ts";

/**
 * Resolves when both sides have proved themselves, with the device's public key. A board that is waited for shows in the same proof that it has its
 * token. Errors: PROTOCOL_INVALID, PROTOCOL_VERSION, DEVICE_AUTHENTICATION_FAILED, ENROLMENT_REFUSED.
 */
export async function authenticate(
  inbox: Inbox,
  send: (message: FromKms) => void,
  guest: Guest,
  instance: Instance,
): Promise<{ readonly deviceKey: string; readonly opening: OpeningKey | undefined }> {
  const hello = await inbox.expect("hello");
  if (hello.protocol !== commandChannelProtocol) {
    throw new BulkheadError(
      "PROTOCOL_VERSION",
      `the device speaks version ${hello.protocol} of the command channel, this KMS version ${commandChannelProtocol}`,
      { remedy: "update the older of the two" },
    );
  }
  if (guest.kind === "device" && hello.deviceId !== guest.device.id) {
    throw new BulkheadError(
      "DEVICE_AUTHENTICATION_FAILED",
      `a device that calls itself ${hello.deviceId} spoke from the address of ${guest.device.id}`,
      { remedy: "enrol the device with the keys that its key store holds" },
    );
  }
  const transcript: Transcript = {
    deviceId: hello.deviceId,
    deviceNonce: hello.nonce,
    kmsNonce: randomToken(),
    deviceTunnelKey: guest.kind === "device" ? guest.device.tunnelKey : guest.enrolment.tunnelKey,
    kmsTunnelKey: instance.tunnelKey,
  };
  const signature = signMessage(instance.instanceKey, transcriptBytes("kms", transcript));
  send({ type: "challenge", protocol: commandChannelProtocol, nonce: transcript.kmsNonce, signature });
  const proof = await inbox.expect("proof");
  const deviceKey =
    guest.kind === "device" ? guest.device.deviceKey : checkRedemption(guest.enrolment, transcript, proof);
  if (!verifySignature(deviceKey, transcriptBytes("device", transcript), proof.signature)) {
    throw new BulkheadError(
      "DEVICE_AUTHENTICATION_FAILED",
      `the proof of ${hello.deviceId} was not made by its registered device key`,
      { remedy: "if the device got new keys, delete it here and enrol it again" },
    );
  }
  const { opening } = proof;
  const isItsOwn = opening?.deviceKey === deviceKey && isOpeningKeyOf(hello.deviceId, opening);
  return { deviceKey, opening: isItsOwn ? opening : undefined };
}

type Proof = Extract<FromDevice, { type: "proof" }>;

/** The key that the token vouches for. That it was not used meanwhile is asked of the database, as it is used. */
function checkRedemption({ tokenKey }: EnrolmentRow, transcript: Transcript, { redemption }: Proof): string {
  if (!redemption) throw refused("it showed no token");
  const { deviceKey, signature } = redemption;
  if (deviceIdOf(deviceKey) !== transcript.deviceId) throw refused("its name is not that of its key");
  if (!verifySignature(tokenKey, redemptionBytes(transcript, deviceKey), signature))
    throw refused("its token is not the one that was given for it");
  return deviceKey;
}
