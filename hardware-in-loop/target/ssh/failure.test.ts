import { expect, test } from "vitest";
import { sshFailure } from "./failure.ts";

const file = "hardware-in-loop/stations/bench/desk.yaml";
const ssh = {
  host: "192.0.2.7",
  port: 2222,
  user: "fio",
  sudo: true,
  identityFile: "/home/bench/key",
  knownHostsFile: "/home/bench/known",
};

// As OpenSSH 9.2 and 10.0, sudo 1.9 and busybox say it.
test.each<[string, string, string, RegExp]>([
  [
    "an unknown key",
    "No ED25519 host key is known for [192.0.2.7]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
    "STATION_FAILED",
    /^record it: ssh-keyscan -p 2222 192\.0\.2\.7 >>\/home\/bench\/known; then compare /,
  ],
  [
    "another key",
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n",
    "STATION_FAILED",
    /ssh-keygen -f \/home\/bench\/known -R \[192\.0\.2\.7\]:2222/,
  ],
  [
    "a refused key",
    "fio@192.0.2.7: Permission denied (publickey).\r\n",
    "STATION_FAILED",
    /\/home\/bench\/key\.pub .* of fio/,
  ],
  [
    "a key that others may read",
    'WARNING: UNPROTECTED PRIVATE KEY FILE!\r\nPermissions 0644 for "/home/bench/key" are too open.\r\nfio@192.0.2.7: Permission denied (publickey).\r\n',
    "STATION_FAILED",
    /^chmod 600 \/home\/bench\/key$/,
  ],
  ["a sudo that asks", "sudo: a password is required\n", "STATION_FAILED", /NOPASSWD/],
  ["no bash", "sh: bash: not found\n", "STATION_FAILED", /install bash/],
  ["no bash behind sudo", "sudo: bash: command not found\n", "STATION_FAILED", /install bash/],
  ["an old ssh", "command-line: line 0: Bad configuration option: x\r\n", "STATION_FAILED", /OpenSSH/],
  [
    "a board that is starting",
    '"System is booting up. Unprivileged users are not permitted to log in yet."\r\nConnection closed by 192.0.2.7 port 2222\r\n',
    "TARGET_NOT_REACHED",
    /under power/,
  ],
  ["nobody", "ssh: connect to host 192.0.2.7 port 2222: No route to host\r\n", "TARGET_NOT_REACHED", /under power/],
  ["a lost connection", "Timeout, server 192.0.2.7 not responding.\r\n", "TARGET_NOT_REACHED", /under power/],
])(
  "[K19] a way by ssh that ends at %s is told with the station's file, the host and the way out",
  (_, said, code, remedy) => {
    const error = sshFailure({ ssh, file }, said);
    expect(error).toMatchObject({ code, remedy: expect.stringMatching(remedy) });
    expect(error.message).toContain(`ssh to fio@[192.0.2.7]:2222 (${file})`);
    expect(error.message).toContain(said.trim().split(/\r?\n/).at(-1));
  },
);

test("[K19] a hostile board says nothing to the bench's terminal", () => {
  const { message } = sshFailure({ ssh, file }, "sudo: \u001b]0;owned\u0007\u001b[2J no\n");
  expect(message).toContain("\\u001b]0;owned");
  for (const steering of ["\u001b", "\u0007"]) expect(message).not.toContain(steering);
});
