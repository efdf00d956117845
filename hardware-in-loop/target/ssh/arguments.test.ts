import fc from "fast-check";
import { expect, test } from "vitest";
import { realBoardSchema, type StationSsh } from "../../station/real-board.ts";
import { sshArguments, sshEnvironment } from "./arguments.ts";

const ssh: StationSsh = {
  host: "192.0.2.7",
  port: 22,
  user: "root",
  sudo: false,
  identityFile: "/home/bench/key",
  knownHostsFile: "/home/bench/known",
};

/** Whatever a station's file may say. */
const anyHost = fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^-?[A-Za-z0-9@%$ .:-]{0,30}$/));
const anyPath = fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^\/[A-Za-z0-9._%$~ @+-]{0,30}$/));

test("[K19] ssh knows no key but the board's, offers none but the bench's, and asks nobody", () => {
  const words = sshArguments({ ...ssh, port: 2222, user: "fio", sudo: true });
  expect(words.slice(0, words.indexOf("-o"))).toEqual([
    ...["-F", "none", "-T", "-a", "-x", "-p", "2222", "-l", "fio", "-i", "/home/bench/key"],
  ]);
  for (const option of [
    ...["BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=/home/bench/known"],
    ...["GlobalKnownHostsFile=none", "UpdateHostKeys=no", "IdentitiesOnly=yes", "IdentityAgent=none"],
    ...["PreferredAuthentications=publickey", "ClearAllForwardings=yes", "ControlPath=none"],
  ]) {
    expect(words[words.indexOf(option) - 1]).toBe("-o");
  }
  expect(words.slice(-3)).toEqual(["--", "192.0.2.7", "sudo -n bash -s"]);
  expect(sshEnvironment("/usr/bin")).toEqual({ LC_ALL: "C", PATH: "/usr/bin" });
});

test("[K19] whatever a station's file says, it is refused or each of its words is the value that it was meant as", () => {
  fc.assert(
    fc.property(anyHost, anyHost, anyPath, anyPath, (host, user, identityFile, knownHostsFile) => {
      const written = { kind: "board", device: "one", ssh: { host, user, identityFile, knownHostsFile } };
      const parsed = realBoardSchema.safeParse(written).data?.ssh;
      if (parsed === undefined) return;
      const words = sshArguments(parsed);
      expect(words).toHaveLength(sshArguments(ssh).length);
      for (const value of [host, user, identityFile]) expect(value).toMatch(/^[A-Za-z0-9/_]/);
      // ssh would put something in their place.
      for (const path of [identityFile, knownHostsFile]) expect(path).not.toMatch(/[%$~\s"]/);
      expect(words.slice(-3, -1)).toEqual(["--", host]);
    }),
  );
});
