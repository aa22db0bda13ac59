import { start } from "./start.ts";

const commands = {
  skep: async () => (await import("./skep-main.ts")).skep,
  ecc: async () => (await import("./ecc-main.ts")).ecc,
  ecli: async () => (await import("./ecli-main.ts")).ecli,
};

export type CommandName = keyof typeof commands;

/**
 * Runs one of the three commands to its end, with the arguments of this process. Only the modules that it needs are run.
 * @param onAttached is called when a program has been loaded and attached
 */
export async function main(name: CommandName, onAttached?: () => void): Promise<void> {
  await start(name, async (args) => (await commands[name]())(args, onAttached));
}
