/** A whole sandbox on recorded facts: nothing is left out of what is compared of it. */
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import type { MemberFacts, SandboxFacts } from "../facts.ts";
import type { Asked, Question } from "../question.ts";
import { asked, member, root, sources } from "../testing/facts.ts";
import { compareSandbox, compareShared } from "./sandbox.ts";

const question = {
  system: plainSystem({ components: { climate: plainComponent() } }),
  cgroup: { version: "none", reason: "none" },
} as unknown as Question;
const nothing = { interfaces: ["lo"], addresses: [], routes: [] };
const monitor = { ...root, pid: 90, uids: Array(4).fill(700_009), gids: Array(4).fill(700_009) };

function facts(more: Partial<SandboxFacts> = {}): SandboxFacts {
  return {
    ...{ monitor, members: [member()], sockets: [], network: nothing, namespaceInode: null, sources },
    group: { settings: [], members: [] },
    ...more,
  };
}
const others = {
  ...{ root, rootTask: { policy: 0, nice: 0, cpus: "0-1" }, usual: nothing },
  holders: new Map([
    [90, ["socket:[3591000]"]],
    [300, ["socket:[5]"]],
  ]),
};
const compare = (more: Partial<SandboxFacts>, of: Asked = asked()) =>
  compareSandbox(question, { asked: of, facts: facts(more) }, others).map(({ what }) => what);
const moved: MemberFacts = member({ pid: 109, namespaces: { ...member().namespaces, mnt: "mnt:[10]" } });

test("[K8] nothing differs where nothing is wrong, and what only its bubblewrap holds too is its own", () => {
  expect(compare({})).toEqual([]);
});

test.each<[string, Partial<SandboxFacts>, Asked | undefined, string]>([
  ["a process", { members: [member({ noNewPrivileges: "0" })] }, undefined, "no_new_privs of MainThread (108)"],
  ["two processes apart", { members: [member(), moved] }, undefined, "mnt namespace of MainThread (109)"],
  ["a permission", {}, asked({ cgroup: "x", capabilities: ["net_admin"] }), "permissions"],
  ["its bubblewrap", { monitor: { ...monitor, uids: [0, 0, 0, 0] } }, undefined, "uids of MainThread (90)"],
  [
    "its group",
    { group: { settings: [{ path: "/f", expected: "1", found: "2" }], members: [] } },
    undefined,
    "limit /f",
  ],
  ["a socket", { sockets: [{ table: "raw", inode: "5", listening: false, local: "" }] }, undefined, "sockets"],
  ["its network", { network: { ...nothing, interfaces: ["eth0"] } }, undefined, "interfaces of its network namespace"],
])("[K8] %s that is not as it should be is found", (_, more, of, what) => {
  expect(compare(more, of)).toContain(what);
});

test("[K8] what somebody else holds is not its own", () => {
  const descriptors = [{ fd: 9, target: "socket:[5]", kind: "socket", mountId: 1 }] as const;
  expect(compare({ members: [member({ descriptors })] })).toEqual(["descriptors of MainThread (108)"]);
});

test("[K8] two sandboxes share no namespace and no uid; a spare has the uid of its component", () => {
  const one = { asked: asked(), facts: facts() };
  const own = {
    mnt: "mnt:[20]",
    pid: "pid:[20]",
    ipc: "ipc:[20]",
    uts: "uts:[20]",
    net: "net:[20]",
    user: "user:[20]",
  };
  const apart = member({ pid: 208, namespaces: { ...member().namespaces, ...own } });
  const spare = { asked: asked(), facts: facts({ members: [apart] }) };
  expect(compareShared([one, spare], root)).toEqual([]);
  const other = { ...spare, asked: asked({ name: "other" }) };
  expect(compareShared([one, other], root).map(({ component, what }) => [component, what])).toEqual([
    ["climate", "who has its uid"],
    ["other", "who has its uid"],
  ]);
  const near = {
    ...spare,
    facts: facts({ members: [{ ...apart, namespaces: { ...apart.namespaces, mnt: "mnt:[9]" } }] }),
  };
  expect(compareShared([one, near], root).map(({ what }) => what)).toEqual([
    "who is in its mnt namespace",
    "who is in its mnt namespace",
  ]);
});
