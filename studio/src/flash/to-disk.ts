/** `bulkhead flash --to`: an image onto a card, a disk, or a file that stands for one. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { confirm } from "../cli/confirm.ts";
import { withInterrupts } from "../cli/interruption.ts";
import { printResult } from "../cli/output.ts";
import { refuseCardless } from "./board.ts";
import { checkEnrolment, type EnrolmentArgs, enrolsItself, giveIdentity, identityFor } from "./enrolment.ts";
import { flash } from "./flash.ts";
import type { Identity } from "./identity.ts";
import type { Image } from "./image.ts";
import { showBytes } from "./progress.ts";
import { refuseTarget } from "./refusals.ts";
import { formatDisk, inspectTarget, type Target } from "./target.ts";

export type DiskArgs = EnrolmentArgs & {
  to: string;
  "force-size"?: boolean | undefined;
  "force-fixed"?: boolean | undefined;
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
};

export async function toDisk(image: Image, board: Board | undefined, args: DiskArgs): Promise<void> {
  const target = await inspectTarget(args.to);
  refuseTarget(target, image.sizeBytes, { size: args["force-size"] ?? false, fixed: args["force-fixed"] ?? false });
  refuseCardless(board);
  checkEnrolment(args);
  const what = describeTarget(target);
  if (args["dry-run"])
    return printResult(
      args.json,
      { dryRun: true, target: target.path, board: board?.board ?? null },
      `would write ${what}`,
    );
  if (
    !args.yes &&
    !(await confirm(`All that is on ${what} is lost. Write the image of ${board?.board ?? "an unknown board"}?`))
  ) {
    throw new BulkheadError("USAGE", "nothing was written", { remedy: "give --yes where no question is wanted" });
  }
  const identity = await identityFor(args);
  const startMs = performance.now();
  const writtenBytes = await write(image, target, identity);
  const seconds = (performance.now() - startMs) / 1000;
  const text = `${target.path}: ${formatDisk(writtenBytes)} written and read back in ${seconds.toFixed(1)} s${enrolsItself(identity)}`;
  printResult(
    args.json,
    {
      target: target.path,
      board: board?.board ?? null,
      writtenBytes,
      ms: Math.round(seconds * 1000),
      ...(identity && { name: identity.name }),
    },
    text,
  );
}

/** A card that is interrupted starts nothing; once it has its token it is made whole. */
async function write(image: Image, target: Target, identity: Identity | undefined): Promise<number> {
  const { writtenBytes } = await withInterrupts((signal) =>
    giveIdentity(identity, () => flash({ image, target, identity: identity?.enrol, onProgress: showBytes(), signal })),
  );
  return writtenBytes;
}

function describeTarget({ path, title, sizeBytes, kind }: Target): string {
  return kind === "file" ? `the file ${path}` : `${path} (${title}, ${formatDisk(sizeBytes)})`;
}
