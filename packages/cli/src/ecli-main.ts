import { usageError } from "./usage-error.ts";
import { VERSION } from "./version.ts";

const HELP = `Run eBPF programs that are packages.

Usage: ecli run [-j] PROGRAM [ARGUMENTS]
       ecli PROGRAM [ARGUMENTS]

PROGRAM is a package file (package.json), a .bpf.c file, the name of a bundled tool, or - for a package on
standard input. What follows it belongs to the program: ecli run package.json --help lists its options.

Commands:
  run                        Run a program
  help                       Print help

Options:
  -h, --help                 Print help
  -V, --version              Print version

Examples:
  sudo ecli run package.json --pid_target 1234
  sudo ecli run -j package.json
  cat package.json | sudo ecli run -
`;

/** The command `ecli`, with the arguments of eunomia-bpf's. Resolves to the exit code. */
export async function ecli(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      return (await import("./commands/run.ts")).run(rest, "ecli run");
    case "push":
    case "pull":
    case "client":
    case "server":
      throw await usageError(
        `ecli ${command} is not there yet`,
        "copy the package file and run it with ecli run",
      );
    case "-V":
    case "--version":
      process.stdout.write(`ecli ${VERSION}\n`);
      return 0;
    case "help":
    case "-h":
    case "--help":
      process.stdout.write(HELP);
      return 0;
    case undefined:
      throw await usageError("no program given", "write: ecli run package.json");
    default:
      return (await import("./commands/run.ts")).run(args, "ecli");
  }
}
