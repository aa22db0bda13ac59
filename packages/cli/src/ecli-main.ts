import { usageError } from "./usage-error.ts";
import { VERSION } from "./version.ts";

const HELP = `Run eBPF programs that are packages.

Usage: ecli run [-j] PROGRAM [ARGUMENTS]
       ecli PROGRAM [ARGUMENTS]
       ecli push [-m FILE] IMAGE
       ecli pull [-o FILE] IMAGE

PROGRAM is a file (a package as JSON, YAML or tar, a Wasm module, a .bpf.o or a .bpf.c file), an https address, an image
in an OCI registry, the name of a bundled tool, or - for standard input. The contents say what it is. What follows it
belongs to the program: ecli run package.json --help lists its options.

Commands:
  run                        Run a program
  push, pull                 Send a program to an OCI registry, fetch it
  login, logout              Keep or forget a login to a registry
  help                       Print help

Options:
  -h, --help                 Print help
  -V, --version              Print version

Examples:
  sudo ecli run package.json --pid_target 1234
  sudo ecli run -j package.json
  cat package.json | sudo ecli run -
  sudo ecli run ghcr.io/owner/opensnoop:latest
`;

/**
 * The command `ecli`, with the arguments of eunomia-bpf's. Resolves to the exit code.
 * @param onAttached is called when a program has been loaded and attached
 */
export async function ecli(args: readonly string[], onAttached?: () => void): Promise<number> {
  const [command, ...rest] = args;
  if (command === "complete" && rest[0] === "--")
    return (await import("./completion/complete.ts")).complete("ecli", rest.slice(1));
  switch (command) {
    case "run":
      return (await import("./commands/run.ts")).run(rest, "ecli run", onAttached);
    case "push":
    case "pull":
    case "login":
    case "logout":
      return (await import("./commands/registry-commands.ts")).registryCommand(command, rest, "ecli");
    case "client":
    case "server":
      throw await usageError(
        `ecli ${command} is not there: upstream has removed it as well`,
        "run programs on other machines over ssh: ssh HOST sudo ecli run - < package.json",
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
      return (await import("./commands/run.ts")).run(args, "ecli", onAttached);
  }
}
