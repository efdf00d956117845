/**
 * The boot script's choice of a slot, by a shell: U-Boot's has the same words (if, for, test, &&), and its commands are functions here that say what
 * they were asked. What U-Boot itself makes of it is seen by `npm run prove -- images`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, test } from "vitest";
import { recipeDir } from "../places.ts";

/** As in an attacker's record: any text for any of them. */
type AnyRecord = { readonly [Name in "turn" | "current" | "trying" | "tries"]?: string };

const template = readFileSync(join(recipeDir, "boot/boot.cmd"), "utf8").replace(/@([a-z-]+)@/g, (_, name: string) =>
  name === "load-device-tree" ? "true" : name === "boot" ? "start" : "options",
);
const commands = `
setenv() { name=$1; shift; eval "$name=\\$*"; }
disk() { echo "disk $1 $3"; place=$3; }
part() { eval "$5=\\$4"; }
env() {
  case "$1 $2" in
  "import -c") eval "turn=\\"\\$\${place}_turn\\" current=\\"\\$\${place}_current\\" trying=\\"\\$\${place}_trying\\" tries=\\"\\$\${place}_tries\\""
    eval "[ -n \\"\\$\${place}_whole\\" ]" ;;
  "export -c") echo "record turn=$turn current=$current trying=$trying tries=$tries" ;;
  esac
}
load() { case "$2" in 0:boot-a | 0:boot-b) return 0 ;; esac; return 1; }
start() { echo "start $bootargs"; exit; }
reset() { echo reset; exit; }
`;

/** What the script did: the record that it wrote, where, and the slot that it started. */
function run(records: readonly [AnyRecord | null, AnyRecord | null]) {
  const variables = records.flatMap((record, index) => {
    const place = index === 0 ? "state-0" : "state-1";
    if (record === null) return [];
    return [[`${place}_whole`, "yes"], ...Object.entries(record).map(([name, value]) => [`${place}_${name}`, value])];
  });
  const shell = (text: string) => text.replaceAll("state-", "state_");
  const given = variables
    .map(([name = "", value = ""]) => `${shell(name)}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
  const script = `devtype=disk devnum=0 loadaddr=1 kernel_addr_r=2 ramdisk_addr_r=3 filesize=4 options=5\n${commands}\n${given}\n${shell(template)}`;
  const { stdout } = execaSync("sh", ["-c", script.replace(/\$\{options\}/g, "5")], { reject: false });
  const lines = stdout.split("\n");
  return {
    slot: /bulkhead\.slot=(\S*)/.exec(stdout)?.[1],
    isTrial: stdout.includes("bulkhead.trial"),
    record: lines.find((line) => line.startsWith("record "))?.slice(7),
    written: lines.filter((line) => line.startsWith("disk write")).map((line) => line.split(" ").at(-1)),
    end: lines.at(-1)?.split(" ")[0],
  };
}

test.each([
  ["0", "1"],
  ["1", "2"],
  ["2", "0"],
])(
  "[K18] the boot script starts the current slot of the record whose turn comes after %s (%s), wherever that lies, and of one that is whole alone",
  (turn, next) => {
    const [older, newer] = [
      { turn, current: "a" },
      { turn: next, current: "b" },
    ] as const;
    const started = { slot: "b", isTrial: false, record: undefined, written: [], end: "start" };
    for (const records of [
      [older, newer],
      [newer, older],
      [newer, null],
      [null, newer],
    ] as const)
      expect(run(records)).toEqual(started);
  },
);

test("[K18] the boot script starts slot a where no record is whole", () => {
  expect(run([null, null])).toMatchObject({ slot: "a", isTrial: false, written: [] });
});

test("[K18] a slot on trial has one try less on the disk before it is started, over the older record", () => {
  const tries = (left: string) =>
    run([
      { turn: "1", current: "a", trying: "b", tries: left },
      { turn: "0", current: "a" },
    ]);
  expect(tries("iii")).toMatchObject({ slot: "b", isTrial: true, record: "turn=2 current=a trying=b tries=ii" });
  expect(tries("iii").written).toEqual(["state_1"]);
  expect(tries("i")).toMatchObject({ slot: "b", isTrial: true, record: "turn=2 current=a trying=b tries=" });
  expect(tries("")).toMatchObject({ slot: "a", isTrial: false, record: "turn=2 current=a trying= tries=" });
});

test.each(["z", "a b", "; reset", "$(reset)", "../b", "ab", "-n"])(
  "[K18] a record that is whole and names slot `%s` starts a slot that there is, and one on trial is none",
  (strange) => {
    expect(run([{ turn: "1", current: strange }, null])).toMatchObject({ slot: "a", isTrial: false, end: "start" });
    const trial = run([{ turn: "1", current: "b", trying: strange, tries: "iii" }, null]);
    expect(trial).toMatchObject({ slot: "b", isTrial: false, record: undefined, end: "start" });
    const counted = run([{ turn: "1", current: "a", trying: "b", tries: strange }, null]);
    expect(counted).toMatchObject({ slot: "b", isTrial: true, record: expect.stringMatching(/tries=$/) });
  },
);
