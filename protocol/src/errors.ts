/**
 * The one table of errors. Every error that a person or a peer can meet has a stable code here, with the sentence
 * that explains it. Codes never change their meaning; new ones are added, old ones are kept.
 */
import { messageOf } from "./misfit.ts";

export const errorTable = {
  // Manifest and analysis: met by the author, with file, line and column.
  MANIFEST_SYNTAX: "The manifest is not valid YAML.",
  MANIFEST_UNKNOWN_KEY: "A key is not part of the manifest language.",
  MANIFEST_INVALID_VALUE: "A value has the wrong type or form.",
  MANIFEST_MISSING_KEY: "A required key is missing.",
  MANIFEST_UNKNOWN_COMPONENT: "A channel names a component that the manifest does not declare.",
  MANIFEST_UNKNOWN_INTERFACE: "A component does not provide what another wants to use.",
  MANIFEST_UNKNOWN_BOARD: "There is no board file of this name.",
  MANIFEST_UNKNOWN_DEVICE: "The board has no device of this name.",
  MANIFEST_UNKNOWN_PIN: "The board has no pin of this name.",
  MANIFEST_PIN_CLAIMED: "The board uses this pin for something else.",
  MANIFEST_GRANT_MISMATCH: "A grant does not fit the interface of the channel.",
  MANIFEST_DEVICE_CLAIMED: "The board uses this device for something else.",
  MANIFEST_DEVICE_CLAIMED_TWICE: "Two components claim the same device.",
  MANIFEST_CALL_CYCLE: "Components call each other in a circle and could wait for each other for ever.",
  MANIFEST_DEPENDENCY_CYCLE: "Strong dependencies form a circle, so there is no order to start in.",
  MANIFEST_CPU_OVERCOMMITTED: "The budgets of a core add up to more than it has.",
  MANIFEST_MEMORY_OVERCOMMITTED: "The components may use more memory than the board has.",
  MANIFEST_STORAGE_OVERCOMMITTED: "The components may keep more than the disk of the board holds.",
  MANIFEST_CORES_CONFLICT: "Components are placed on processor cores in a way that the kernel does not grant.",
  MANIFEST_RUNNER_UNAVAILABLE: "The runner does not exist for the processor of the board.",
  MANIFEST_SECRET_SHARED: "More than one component is given a secret that is not said to be shared.",
  MANIFEST_PRIMITIVE_LACKING: "The board lacks a security primitive that the system requires, or does not use it.",
  MANIFEST_POLICY_FORBIDS: "The policy of the board does not allow this option.",
  MANIFEST_FLOW_FORBIDDEN: "Information can flow where an assertion of the manifest says it must not.",
  MANIFEST_ASSERT_UNKNOWN: "An assertion names something that does not exist.",

  // Told by `check` about a manifest that is valid.
  NOTICE_SHARED_PROCESS: "Components share a process and are not protected from each other.",
  NOTICE_DEBUGGER: "A debugger may be attached, which sees and changes everything of the component.",
  NOTICE_KVM: "A guest may run by the kernel's KVM, which is a large part of the kernel for it to reach.",
  NOTICE_SYSFS_WRITES: "A driver may write attributes of its devices in sysfs, which is more than device nodes.",
  NOTICE_ADD_ON_LICENCE: "Machine code that is built for this system is under another licence than its package says.",
  NOTICE_UNSIGNED_COMMANDS: "The device accepts commands without an operator's signature.",
  NOTICE_LEVELS_MAY_DROP: "Components start with fewer layers of isolation where the host does not offer all.",

  // Building and signing.
  BUILD_FAILED: "A component could not be bundled.",
  BUILD_UNCONFINED: "Builds run in a sandbox, and this machine does not allow one.",
  BUILD_UNLOCKED: "A package that is built in is not the one of the lock file.",
  BUILD_INTERFACE_MISMATCH:
    "The code at an end of a channel speaks of another interface than the manifest or the other end.",
  IMAGE_BOARD_UNFIT: "No image can be built for this board.",
  IMAGE_LOCK_INVALID: "The list of locked packages is missing, or does not fit the recipe.",
  IMAGE_ARCHIVE_FAILED: "Packages could not be had from Debian's archive.",
  IMAGE_PACKAGE_ALTERED: "A package is not the one that is locked.",
  IMAGE_BUILD_FAILED: "A step of making an image failed.",
  IMAGE_SUPPORT_INVALID: "A board support package is not one, or not this board's.",
  KEYS_INVALID: "A directory of signing keys is not complete or not valid.",
  KEYS_LOCKED: "A signing key does not open with this passphrase.",
  RECIPIENT_MISSING: "Nobody was named who will be able to read a release.",
  KEYS_DEVELOPMENT: "Development keys are not for what other devices trust.",
  TOKEN_FAILED: "A token with signing keys does not do what it is asked.",
  SIGNING_REQUEST_INVALID: "A signing request is not what was prepared, or does not belong here.",

  // Channels between components.
  IPC_FRAME_INVALID: "A frame does not follow the channel protocol.",
  IPC_FRAME_TOO_LARGE: "A frame is larger than the channel allows.",
  IPC_ARGUMENTS_INVALID: "The arguments of a call do not fit the interface.",
  IPC_RESULT_INVALID: "The result of a call does not fit the interface.",
  IPC_UNKNOWN_OPERATION: "The interface has no such operation.",
  IPC_NOT_GRANTED: "The grant of this channel does not allow the operation.",
  IPC_INTERFACE_MISMATCH: "The two ends of a channel were built from different interfaces.",
  IPC_OVERLOADED: "The bounded queue of a channel is full.",
  IPC_RATE_LIMITED: "A client sends more per second than the manifest allows it.",
  IPC_STREAM_CANCELLED: "The reader of a stream wants no more of it.",
  IPC_LEASE_INVALID: "A piece of shared memory is not what the channel has or allows.",
  PEER_GONE: "The component at the other end of the channel has gone.",
  DEADLINE_EXCEEDED: "A call was not answered before its deadline.",
  COMPONENT_ERROR: "The component that was called failed while it answered.",

  // Drivers.
  I2C_NO_ACKNOWLEDGE: "No device answers at this address of the bus.",
  I2C_BUS_FAILED: "The bus had a fault, or another master has it.",
  I2C_BUS_HUNG: "The bus stands still: a chip holds one of its lines.",
  I2C_TRANSFER_UNSUPPORTED: "The interface by which the driver reaches its buses has no such transfer.",
  CAN_BUS_OFF: "The controller has left the bus after too many errors.",
  CAN_NOT_SENT: "A frame could not be queued.",
  GPIO_LINE_BUSY: "Somebody else has this line.",
  GPIO_LINE_UNKNOWN: "The driver, or the controller, has no such line.",
  GPIO_GONE: "The GPIO controller is not there, or was unplugged.",
  SERIAL_PORT_BUSY: "Somebody else has this serial port.",
  SERIAL_PORT_ABSENT: "The serial port is not there, or not plugged in.",
  SERIAL_PORT_GONE: "The serial port was unplugged or hung up, or has not been opened.",
  DEVICE_ABSENT: "The device is not there, or was taken away.",
  DEVICE_BUSY: "Somebody else has this device.",
  DEVICE_VALUE_REFUSED: "The device does not take this value.",
  RTC_UNSET: "The clock has lost its time, or was never set.",
  RTC_NOT_SETTABLE: "The driver may not set this clock.",
  WATCHDOG_NOT_STARTED: "The watchdog has not been started.",
  WATCHDOG_NOT_STOPPABLE: "The watchdog cannot be stopped.",
  DEVICE_FAILED: "A hardware device did not do what was asked.",
  DRIVER_BACKEND_UNAVAILABLE: "This version has no back-end for the driver on this board.",

  // Hardware in the loop.
  STATION_UNKNOWN: "There is no station of this name.",
  STATION_INVALID: "The file of a station is not valid.",
  STATION_CAPABILITY_UNPROVIDED: "A station requires a capability that nothing on it provides.",
  STATION_FAILED: "A bench did not do what its station's file says that it can.",
  TARGET_NOT_REACHED: "A board under test did not get to where a test needs it.",

  // The device's runtime.
  SYSTEM_INVALID: "The system description is not valid.",
  ENVIRONMENT_INVALID: "A setting given from outside is not valid.",
  SANDBOX_UNAVAILABLE: "The kernel does not offer a layer of isolation that is required.",
  COMPONENT_START_FAILED: "A component could not be started.",
  ATTACH_REFUSED: "A component cannot be looked into in this way, or not now.",
  DEVICE_NOT_RUNNING: "The root server of the device does not run here.",
  COMPONENT_NOT_READY: "A component did not report that it is ready in time.",
  COMPONENT_UNKNOWN: "The running system has no component of this name.",
  NETWORK_SETUP_FAILED: "The network of the device could not be set up.",
  KEY_STORE_DAMAGED: "The key store holds something that it did not write.",
  SECRET_NOT_SET: "The device was not given a secret of this name.",
  STATE_DAMAGED: "A stored record is damaged.",
  RECORD_DAMAGED: "The record of a component's life is damaged, or of another version.",

  // Releases and trust.
  RELEASE_SIGNATURE_INVALID: "The release is not signed by the keys that this device trusts.",
  RELEASE_METADATA_INVALID: "The metadata of the release is not valid.",
  RELEASE_METADATA_EXPIRED: "The metadata of the release has expired.",
  RELEASE_ROLLBACK: "The release is older than what the device already runs.",
  RELEASE_ARTIFACT_ALTERED: "A file of the release does not have the signed digest.",
  RELEASE_INVALID: "The release is not what its signed description says.",
  RELEASE_WRONG_BOARD: "The release was built for another board.",
  RELEASE_WRONG_DEVICE: "The release was signed for other devices.",
  RELEASE_PRIMITIVE_LACKING: "The release requires a security primitive that the device does not have.",
  BASE_SYSTEM_UNFIT: "The release has a base system that this device cannot take.",
  BASE_SYSTEM_ALTERED: "A slot does not hold what was written to it.",
  BASE_SYSTEM_FAILED: "The base system of a release did not start.",
  RELEASE_NOT_ENDORSED: "The verifier has not endorsed this release.",
  RELEASE_FAILED_TO_START: "The release did not start and the previous one was brought back.",
  OVERLAY_INVALID: "An overlay is not of a known form, or not what its signed description says.",
  OVERLAY_SIGNATURE_INVALID: "The overlay is not signed by the overlay keys of the device's deployment.",
  OVERLAY_WRONG_RELEASE: "The overlay was signed for another release.",
  OVERLAY_WRONG_DEVICE: "The overlay was signed for other devices.",
  OVERLAY_EXPIRED: "The overlay has expired.",
  OVERLAY_ROLLBACK: "The overlay is older than one that the device has committed for this release.",
  OVERLAY_NOT_ALLOWED: "The overlay sets what the release does not let it set.",
  EXPORT_INVALID: "A file that was to bring a release is no export of one, or is damaged.",
  EXPORT_INCOMPLETE: "A file that brings a release leaves out what this device does not have.",
  DEVICE_MISMATCH: "What is said of a device is not that device's own word.",
  SEALED_INVALID: "What is encrypted was altered, cut off, or is not of a known form.",
  SEALED_FOR_OTHERS: "What is encrypted is for none of the keys that are here.",
  KEY_WEAK:
    "A public key is of small order: forged signatures hold under it, and what is encrypted to it anybody opens.",
  FETCH_FAILED: "A file of the release could not be fetched from the management service.",
  FETCH_TOO_LARGE: "A file is larger than it may be or was said to be.",
  STORAGE_UNAVAILABLE: "The storage of a component could not be checked or mounted.",
  STORAGE_FULL: "The storage of the device has no room for this.",
  COMMAND_INVALID: "A command is not valid.",
  COMMAND_EXPIRED: "A command reached the device after its deadline.",
  COMMAND_UNSIGNED: "The board policy demands an operator's signature for this command.",
  COMMAND_SIGNATURE_INVALID: "The signatures of a command do not hold, or are too few.",
  COMMAND_CHALLENGE_INVALID: "What a signed command answers is not the device's, was used already, or has run out.",
  OPERATOR_UNKNOWN: "The device does not know the key as an operator's.",

  // Management service.
  REQUEST_INVALID: "The request is not valid.",
  REQUEST_TOO_LARGE: "The request is larger than the service accepts.",
  NOT_AUTHENTICATED: "The request carries no valid session token.",
  HOST_FORBIDDEN: "The request was made to a host name that this service does not answer for.",
  ORIGIN_FORBIDDEN: "The request came from a page of another origin.",
  NOT_FOUND: "There is nothing of this name.",
  CONFLICT: "Something of this name exists already.",
  DEVICE_UNKNOWN: "No device with this key is registered.",
  ENROLMENT_REFUSED: "The enrolment token is not known, was used, has expired, or is another board's.",
  DEVICE_AUTHENTICATION_FAILED: "The device could not prove that it holds the registered key.",
  DEVICE_OFFLINE: "The device is not connected.",
  PROTOCOL_INVALID: "A message does not follow the command channel protocol.",
  PROTOCOL_VERSION: "The peer speaks a version of the protocol that is not supported.",
  DATABASE_UNAVAILABLE: "The database does not answer.",
  GATEWAY_UNAVAILABLE: "The gateway of the tunnel does not answer.",
  INTERNAL: "Something failed that should not have; the log of the process has the details.",

  // Writing an image to a board's card or memory.
  FLASH_IMAGE_INVALID: "An image, or what lies beside it, is not what it says of itself.",
  FLASH_WRONG_BOARD: "The image is for another board, or nothing says for which.",
  FLASH_TARGET_REFUSED: "The disk is not one that an image is written to.",
  FLASH_WRITE_FAILED: "An image could not be written.",
  FLASH_VERIFY_FAILED: "What is read back is not what was written.",
  FLASH_IDENTITY_FAILED: "The identity of a board could not be made.",
  ENROLMENT_INVALID: "What a board was given to enrol itself with is not what it should be.",

  // Command line.
  USAGE: "The command was used in a way that it does not understand.",
  MISSING_PROGRAM: "A program that is needed is not installed.",
  MISSING_PRIVILEGE: "The machine does not allow what is needed.",
  ALREADY_RUNNING: "Another Bulkhead runs from the same place.",
  STUDIO_UNREACHABLE: "The management service does not answer.",
  FILE_UNREADABLE: "A file cannot be read.",
  PORT_TAKEN: "Another program listens on the port.",
  STATE_UNWRITABLE: "The directory where state is kept cannot be written.",
  STATE_FORMAT: "The state was written by another version, in a format that this one does not read.",
  SYSTEM_ENDED: "A part that the running system cannot do without has ended and does not come back.",
} as const;

export type ErrorCode = keyof typeof errorTable;

/** True where `code` is one of the table's. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorTable, code);
}

/** Where an error is: a place in a file (line and column count from 1). */
export type Place = { file: string; line: number; column: number };

type ErrorDetails = { place?: Place; remedy?: string; cause?: unknown; data?: Record<string, unknown> };

/**
 * An error with a code of the table. `message` names the thing, `place` the place, `remedy` the way out; the cause is
 * kept, never printed twice.
 */
export class BulkheadError extends Error {
  override readonly name = "BulkheadError";
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  readonly remedy: string | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.place = details.place;
    this.remedy = details.remedy;
    this.data = details.data;
  }
}

/** What crosses a boundary of a BulkheadError: JSON-safe, without stack and cause. */
export type ErrorReport = { code: ErrorCode; message: string; place?: Place; remedy?: string };

/** The system's words for a disk, or a share of it, without room (POSIX.1-2024, `errno.h`). */
const full: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** True where the system refused `error`'s call for want of room. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && full.includes(error.code);
}

/**
 * Reduces any thrown value to what may cross a boundary. What the system had no room for becomes STORAGE_FULL, another unknown error `fallback`; both without their
 * details.
 */
export function reportError(error: unknown, fallback: ErrorCode = "INTERNAL"): ErrorReport {
  if (!(error instanceof BulkheadError)) {
    return { code: isFull(error) ? "STORAGE_FULL" : fallback, message: messageOf(error) };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.place && { place: error.place }),
    ...(error.remedy && { remedy: error.remedy }),
  };
}

/** One line for a terminal: `file:line:column: CODE: message` and, on the next line, the remedy. */
export function formatError(error: ErrorReport): string {
  const place = error.place ? `${error.place.file}:${error.place.line}:${error.place.column}: ` : "";
  return `${place}${error.code}: ${error.message}${error.remedy ? `\n  → ${error.remedy}` : ""}`;
}
