/** The processes of the trust groups that run now: made with the first member that starts, gone with the last. */
import type { System } from "@bulkhead/protocol";
import type { Sandbox } from "../sandbox/index.ts";
import { carryMembers, type GroupProcess } from "./group-process.ts";
import { leaderOf } from "./members.ts";

type TrustGroups = {
  /** A sandbox for `name`, which is a member: its part of the group's, which is made where there is none. */
  launch(name: string): Promise<Sandbox>;
};

/** `launch` makes the sandbox of the group that `leader` stands for. */
function createTrustGroups(system: () => System, launch: (leader: string) => Promise<Sandbox>): TrustGroups {
  const processes = new Map<string, Promise<GroupProcess>>();

  function begin(leader: string): Promise<GroupProcess> {
    const process = launch(leader).then(carryMembers);
    processes.set(leader, process);
    const forget = () => processes.get(leader) === process && processes.delete(leader);
    process.then(({ exited }) => exited.then(forget), forget);
    return process;
  }

  return {
    async launch(name) {
      const leader = leaderOf(system(), name);
      for (;;) {
        const process = await (processes.get(leader) ?? begin(leader));
        if (process.isOpen()) return process.open(name);
        await process.exited;
      }
    },
  };
}

type Launch<P> = (name: string, place: P) => Promise<Sandbox>;

/** A member of a trust group is launched with its group's process, by way of its leader's, which has the place `own`. */
export function createLauncher<P>(system: () => System, launchAlone: Launch<P>, own: P): Launch<P> {
  const groups = createTrustGroups(system, (leader) => launchAlone(leader, own));
  const isMember = (name: string) => (system().components[name]?.trustGroup ?? null) !== null;
  return (name, place) => (isMember(name) ? groups.launch(name) : launchAlone(name, place));
}
