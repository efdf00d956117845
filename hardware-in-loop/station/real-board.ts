/** A real board as a station's file says it: who it is to the management service, and the ways by which the bench sees it, switches it and writes it. */
import { enrolledNameSchema, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";

const commandSchema = z.array(z.string().min(1)).min(1).max(32);
const absolutePath = z.string().regex(/^\/[^\0]+$/, "a path on the bench begins with /");
/** ssh reads `%`, `~`, `$` and blanks in a path as something else. */
const plainPath = z
  .string()
  .regex(
    /^\/[A-Za-z0-9._/@+-]+$/,
    "a path on the bench that ssh is given begins with / and has letters, digits and ._/@+-",
  );

const sshSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/, "a host is a name or an address")
    .describe("Its name or address, as the bench finds it."),
  port: z.int().min(1).max(65_535).default(22),
  user: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "a user is a name as in /etc/passwd")
    .default("root"),
  sudo: z.boolean().default(false).describe("Whether that user becomes root by `sudo -n`, which may ask for nothing."),
  identityFile: plainPath.describe("Key of the bench alone, without a passphrase (0600)."),
  knownHostsFile: plainPath.describe("The board's own key, and no other's; it is never learned by a run."),
});
export type StationSsh = z.output<typeof sshSchema>;

/** Around the writing, while the board has no power. */
const around = {
  before: commandSchema
    .optional()
    .describe("The program and its arguments that bring it to the bench; no shell reads them."),
  after: commandSchema
    .optional()
    .describe("The same, that give it back to the board. Run whatever came of the writing."),
  boundMs: z
    .int()
    .min(1000)
    .max(600_000)
    .default(60_000)
    .describe("How long either may take, and the disk to be there."),
};

const flashSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("disk").describe("A card, or a memory, that the bench sees as a disk: `bulkhead flash --to`."),
    to: z
      .string()
      .regex(
        /^\/dev\/disk\/by-(id|path)\/[A-Za-z0-9._:=+-]+$/,
        "a disk that a bench writes is named by what it is: /dev/disk/by-id/… (`ls -l /dev/disk/by-id`); /dev/sdb is another one tomorrow",
      )
      .describe("The disk, as the bench has it after `before`."),
    ...around,
  }),
  z.strictObject({
    kind: z
      .literal("program")
      .describe("By the board's USB port: the maker's program, while the board is under power."),
    command: commandSchema
      .refine(
        (words) => words[0] !== "{image}" && words.filter((word) => word === "{image}").length === 1,
        "one of the arguments is `{image}`, where the program is given the image's file",
      )
      .describe("The program (`uuu`, `fastboot`) and its arguments, with the word `{image}`; no shell reads them."),
    ...around,
  }),
]);
export type StationFlash = z.output<typeof flashSchema>;

export const realBoardSchema = z.strictObject({
  kind: z.literal("board").describe("A real one, enrolled with a Studio Server of this machine."),
  server: nameSchema.default("studio").describe("The name that the server was started under."),
  device: enrolledNameSchema.describe("What the server calls the device: its id or its name."),
  operator: z
    .strictObject({
      key: absolutePath.describe("Key of an operator whom the project of the board names, for the bench alone."),
      passphraseFile: absolutePath.optional().describe("File (0600) with its passphrase."),
    })
    .optional()
    .describe("Left out: suites give the board no orders."),
  console: z
    .strictObject({
      path: z
        .string()
        .regex(/^\/dev\/[A-Za-z0-9_.:/-]+$/, "a port is a path below /dev")
        .describe("Its serial port on the bench: `/dev/serial/by-id/…` stays the same."),
      speed: z.int().min(50).max(4_000_000).default(115_200),
    })
    .optional()
    .describe("Left out: nobody reads its console."),
  ssh: sshSchema
    .optional()
    .describe("Where the board's Linux is its maker's and has it. Left out: suites have no shell."),
  power: z
    .strictObject({
      on: commandSchema.describe("The program and its arguments that give it power; no shell reads them."),
      off: commandSchema.describe("The same, to take it away."),
      boundMs: z.int().min(1000).max(600_000).default(30_000).describe("How long either may take."),
    })
    .optional()
    .describe("Left out: only a person can switch it, and tests that cut the power are left out."),
  flash: flashSchema
    .optional()
    .describe("How its card or memory is written, when a run is asked to (`--flash IMAGE`). Left out: a person does."),
});
export type RealBoard = z.output<typeof realBoardSchema>;
