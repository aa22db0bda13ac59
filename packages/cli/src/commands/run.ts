import { runPackage, UsageError } from "@skep/runtime";
import { bundledToolNames } from "../bundled-tools.ts";
import { findProgram } from "../find-program.ts";

const help = (command: string) => `Run an eBPF program and show what it reports.

Usage: ${command} [-j] PROGRAM [OPTIONS]

PROGRAM is one of
  NAME           a bundled tool: ${bundledToolNames().join(", ")}
  FILE.json      a package, as skep compile and ecc write it
  FILE.bpf.c     a source file: compiled on the fly, with FILE.h next to it where that exists
  FILE.bpf.o     an object file
  -              a package on standard input

What follows PROGRAM belongs to the program: ${command} PROGRAM --help lists its options.

Options:
  -j, --json     Print one JSON object per event
  -h, --help     Print help

Ends on Ctrl-C, or when the reader of its output goes away. Exit codes: 0 ended by the user, 64 usage,
65 malformed package, 69 not supported by this kernel, 77 missing rights.

Examples:
  sudo ${command} opensnoop --pid_target 1234
  sudo ${command} exitsnoop --json | head -5
  sudo ${command} hello.bpf.c
`;

/**
 * `skep run`, `ecli run` and `ecli FILE`. Resolves to the exit code.
 * @throws {UsageError} and whatever loading and running can throw
 */
export async function run(args: readonly string[], command: string): Promise<number> {
  let json = false;
  let index = 0;
  for (; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (!arg.startsWith("-") || arg === "-") break;
    if (arg === "-h" || arg === "--help") {
      process.stdout.write(help(command));
      return 0;
    }
    if (arg === "-j" || arg === "--json") json = true;
    // The kind of a package is told from its contents.
    else if (arg === "-p" || arg === "--prog-type") index++;
    else if (arg !== "--no-cache") throw new UsageError(`there is no option ${arg}`, `run ${command} --help`);
  }
  const program = args[index];
  if (program === undefined)
    throw new UsageError("no program given", `write ${command} NAME, or skep tools to see the bundled tools`);
  const found = await findProgram(program);
  const { exitCode, unread } = await runPackage(found.package, {
    name: found.name,
    args: [...(json ? ["--json"] : []), ...args.slice(index + 1)],
    stdout: process.stdout,
    stderr: process.stderr,
  });
  // A reader that takes nothing would keep the process alive for what it has not taken.
  if (unread > 0) process.exit(exitCode);
  return exitCode;
}
