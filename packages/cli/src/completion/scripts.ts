import { script } from "@bomb.sh/tab";
import { bashScript } from "./bash-script.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that makes a shell ask `COMMAND complete -- WORDS` how a command line may go on. */
export function completionScript(shell: Shell, command: string): string {
  return shell === "bash" ? bashScript(command) : captured(() => script(shell, command, command));
}

/** The library prints. */
function captured(print: () => void): string {
  const log = console.log;
  let text = "";
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    print();
  } finally {
    console.log = log;
  }
  return text;
}
