import type { Candidate } from "@skep/runtime";
import { candidatesFor } from "./candidates.ts";

/** What the scripts understand: ShellCompDirective of @bomb.sh/tab, which is that of Go's cobra. */
const NO_SPACE = 2;
const NO_FILES = 4;

/** `COMMAND complete -- WORDS`, which the shells' scripts call. Resolves to the exit code. */
export async function complete(program: "skep" | "ecli" | "ecc", words: readonly string[]): Promise<number> {
  const { list, files } = await candidatesFor(program, words.length === 0 ? [""] : words);
  const word = words.at(-1) ?? "";
  const equals = word.startsWith("--") ? word.indexOf("=") : -1;
  const begun = word.slice(equals + 1);
  // A bare TAB asks for names: options only when a dash says so, or when there is nothing else.
  const names = list.filter(({ value }) => !value.startsWith("-"));
  const wanted = (begun === "" && names.length > 0 ? names : list).filter(({ value }) =>
    value.startsWith(begun),
  );
  const open = wanted.length > 0 && wanted.every(({ value }) => value.endsWith("="));
  const directive = (open ? NO_SPACE : 0) | (files ? 0 : NO_FILES);
  process.stdout.write(`${wanted.map(line).join("")}:${directive}\n`);
  return 0;
}

function line({ value, description }: Candidate): string {
  return `${value}\t${description.split("\n")[0]}\n`;
}
