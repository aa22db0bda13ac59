import { readFileSync } from "node:fs";
import { readPackage } from "@skep/package";
import { UsageError } from "@skep/runtime";
import { examinationJson, examinationText, examine } from "@skep/runtime/doctor";
import { bundledTools } from "../bundled-tools.ts";

const HELP = `Say what this machine can do with eBPF, and which of the bundled tools run here.

Usage: skep doctor [--json] [--no-tools]

Everything is found out by trying: a kernel's version says little. Without root less is seen, and it is said what.

Options:
  -j, --json     One JSON object
  --no-tools     Do not load and attach the bundled tools
  -h, --help     Print help

Examples:
  sudo skep doctor
  skep doctor --json | jq .tools
`;

/** `skep doctor`. Resolves to the exit code. @throws {UsageError} */
export async function doctor(args: readonly string[]): Promise<number> {
  if (args.includes("-h") || args.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = args.find((arg) => !["-j", "--json", "--no-tools"].includes(arg));
  if (unknown !== undefined) throw new UsageError(`there is no option ${unknown}`, "run skep doctor --help");
  const tools = args.includes("--no-tools") ? [] : bundledTools();
  const read = (path: string) => () => readPackage(readFileSync(path));
  const examination = await examine(tools.map(({ name, path }) => ({ name, read: read(path) })));
  const json = args.includes("-j") || args.includes("--json");
  process.stdout.write(json ? `${examinationJson(examination)}\n` : examinationText(examination));
  return 0;
}
