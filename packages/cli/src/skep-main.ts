import { usageError } from "./usage-error.ts";
import { VERSION } from "./version.ts";

const HELP = `eBPF for TypeScript: compile an eBPF program once, run it on any Linux kernel with BTF.

Usage: skep <COMMAND> [ARGUMENTS]

Commands:
  run PROGRAM [OPTIONS]      Run a bundled tool, a package, a Wasm module or a .bpf.c file
  compile SOURCE [HEADER]    Compile a .bpf.c file into a package
  tools                      List the bundled tools
  doctor                     Say what this machine can do, and which tools run here
  btf dump [FILE]            Print kernel types as C
  push [FILE] IMAGE          Send a package or module to an OCI registry
  pull IMAGE                 Fetch one from an OCI registry
  login, logout REGISTRY     Keep or forget a login to a registry
  sign, verify FILE          Sign a package or module, check its signature
  completion SHELL           Print a script for completion in bash, zsh or fish
  help [COMMAND|TOOL]        Print help

Options:
  -h, --help                 Print help
  -V, --version              Print version

Examples:
  sudo skep run opensnoop --pid 1234
  sudo skep run exitsnoop --json | jq .comm
  sudo skep run hello.bpf.c
  skep compile probe.bpf.c probe.h && sudo skep run package.json
`;

/**
 * The command `skep`. Resolves to the exit code.
 * @param onAttached is called when a program has been loaded and attached
 */
export async function skep(args: readonly string[], onAttached?: () => void): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      return (await import("./commands/run.ts")).run(rest, "skep run", onAttached);
    case "compile":
      return (await import("./commands/run-commander.ts")).runCommander(
        (await import("./commands/compile.ts")).compileCommand("compile"),
        rest,
      );
    case "tools":
    case "list":
      return (await import("./commands/tools.ts")).tools(rest);
    case "doctor":
      return (await import("./commands/doctor.ts")).doctor(rest);
    case "completion":
      return (await import("./commands/completion.ts")).completion(rest);
    case "complete":
      return (await import("./completion/complete.ts")).complete("skep", rest.slice(1));
    case "btf":
      return (await import("./commands/btf.ts")).btf(rest);
    case "push":
    case "pull":
    case "login":
    case "logout":
    case "sign":
    case "verify":
      return (await import("./commands/registry-commands.ts")).registryCommand(command, rest, "skep");
    case "-V":
    case "--version":
      process.stdout.write(`skep ${VERSION}\n`);
      return 0;
    case "help":
      return rest[0] === undefined ? help() : helpOn(rest[0]);
    case "-h":
    case "--help":
      return help();
    case undefined:
      process.stderr.write(HELP);
      return 64;
    default:
      throw await usageError(
        `there is no command ${JSON.stringify(command)}`,
        `to run a program, write: skep run ${command}; skep --help lists the commands`,
      );
  }
}

/** Of a command, or of a bundled tool. */
async function helpOn(word: string): Promise<number> {
  const { bundledToolPath } = await import("./bundled-tools.ts");
  return skep(bundledToolPath(word) === undefined ? [word, "--help"] : ["run", word, "--help"]);
}

function help(): number {
  process.stdout.write(HELP);
  return 0;
}
