import { UsageError } from "@skep/runtime";
import { bundledTools } from "../bundled-tools.ts";

const HELP = `List the bundled tools. Run one with: skep run NAME

Usage: skep tools [-j|--json]

Examples:
  skep tools
  skep tools --json
`;

/** `skep tools`: names and one-line descriptions. Resolves to the exit code. @throws {UsageError} */
export async function tools(args: readonly string[]): Promise<number> {
  if (args.includes("-h") || args.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = args.find((arg) => arg !== "-j" && arg !== "--json");
  if (unknown !== undefined) throw new UsageError(`there is no option ${unknown}`, "run skep tools --help");
  const list = bundledTools();
  if (args.length > 0) {
    for (const { name, description } of list)
      process.stdout.write(`${JSON.stringify({ name, description })}\n`);
    return 0;
  }
  const width = Math.max(0, ...list.map(({ name }) => name.length));
  for (const { name, description } of list)
    process.stdout.write(`${name.padEnd(width)}  ${description.replace(/\.$/, "")}\n`);
  return 0;
}
