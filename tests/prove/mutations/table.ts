/** Each protection, taken away by a change of its source, and the test that must fail: by what they protect. */
import { boundaries } from "./boundaries.ts";
import { channels } from "./channels.ts";
import { commands } from "./commands.ts";
import { verify } from "./comparisons.ts";
import { guests } from "./guests.ts";
import type { Mutation } from "./mutation.ts";
import { gateway, time } from "./network.ts";
import { sandbox } from "./sandbox.ts";
import { updates } from "./updates.ts";

export const mutations: readonly Mutation[] = [
  ...sandbox,
  ...verify,
  ...channels,
  ...boundaries,
  ...commands,
  ...gateway,
  ...time,
  ...guests,
  ...updates,
];
