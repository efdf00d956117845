/** A gateway that is known by name, and time servers. */
import { type Mutation, mutate } from "./mutation.ts";

const firewall = "runtime/src/network/firewall.ts";

const plan = { file: "runtime/src/network/plan.test.ts", name: "the resolver's uid alone may ask" };
const uplink = "runtime/src/network/gateway/uplink.ts";
const uplinkTest = "runtime/src/network/gateway/uplink.test.ts";
const search = "runtime/src/network/gateway/search.ts";
const profiles = "runtime/src/sandbox/seccomp/profiles.ts";

/** A gateway that is known by name. */
export const gateway: readonly Mutation[] = [
  mutate("the resolver's uid in the rule of questions", firewall, /`meta skuid \$\{names\.uid\} `/, '""', plan),
  mutate("connection tracking of answers", firewall, "th sport 53 ct state established", "th sport 53", plan),
  mutate("a look at a gateway's address", uplink, "mayBeGateway(address, provisioning) ?", "true ?", {
    file: uplinkTest,
    name: "not opened to",
  }),
  mutate("one question for the gateway's name at a time", uplink, "if (isAsking) return;", "", {
    file: uplinkTest,
    name: "however often",
  }),
  mutate("a pause after a question, also one that failed", uplink, "askedMs = performance.now();", "", {
    file: uplinkTest,
    name: "two seconds later",
  }),
  mutate(
    "a tunnel that is left where it stands",
    search,
    "if (isStanding && search.aim)",
    "if (!search && search.aim)",
    {
      file: "runtime/src/network/gateway/search.test.ts",
    },
  ),
  mutate(
    "a filter without Unix sockets for the resolver",
    profiles,
    "asker: [AF_INET, AF_INET6],",
    "asker: [AF_UNIX, AF_INET, AF_INET6],",
    {
      file: "runtime/src/sandbox/seccomp/filter.test.ts",
    },
  ),
];

const packet = "runtime/src/asker/time/packet.ts";
const choice = "runtime/src/asker/time/choice.ts";
const clock = "runtime/src/clock-server/time.ts";

/** Time servers. */
export const time: readonly Mutation[] = [
  mutate("a rule for who asks for the time alone", firewall, /`meta skuid \$\{time\.uid\} `/, '""', {
    file: "runtime/src/network/names.spec.ts",
    name: "nobody on the board",
  }),
  mutate("answers of time servers alone", firewall, "udp sport 123 ct state established", "udp sport 123", {
    file: "runtime/src/network/names.spec.ts",
    name: "reaches nothing of the board",
  }),
  mutate("a number that a time server has to repeat", packet, ".equals(nonce)", ".equals(packet.subarray(24, 32))", {
    file: "runtime/src/asker/time/packet.test.ts",
  }),
  mutate("a majority of time servers", choice, "Math.floor(samples.length / 2) + 1", "1", {
    file: "runtime/src/asker/time/choice.test.ts",
  }),
  mutate("the KMS's word over time servers", clock, "!contradictsKms(model, offer, atUs)", "true", {
    file: "runtime/src/clock-server/time.test.ts",
  }),
];
