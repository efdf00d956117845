/** The argument by which a command is told the device. */
export const deviceArgument = {
  device: { type: "positional", description: "Id, the beginning of an id, or name.", required: true },
} as const;
