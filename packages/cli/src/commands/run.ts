import { escapeText, runPackage, UsageError } from "@skep/runtime";
import { typesFromArchive } from "../archive-types.ts";
import { bundledToolNames } from "../bundled-tools.ts";
import { type FindOptions, findProgram } from "../find-program.ts";

const help = (command: string) => `Run an eBPF program and show what it reports.

Usage: ${command} [-j] PROGRAM [OPTIONS]

PROGRAM is one of
  NAME           a bundled tool (skep tools says what each does):
${namesInLines(bundledToolNames())}
  FILE           a package (JSON, YAML or tar, as skep compile and ecc write them), a Wasm module, an object file, or
                 a C source, which is compiled on the fly, with FILE.h next to it where that exists
  -              any of these on standard input
  https://…      any of these, downloaded
  HOST/NAME:TAG  a package or Wasm module in an OCI registry, as skep push sends them; oci:// in front if in doubt
The contents say what it is. Nothing is fetched unless PROGRAM is an address or names a registry.

What follows PROGRAM belongs to the program: ${command} PROGRAM --help lists its options.

Options:
  -j, --json     Print one JSON object per event
  --require-signature PUB.pem
                 Run only what is signed with this key (skep sign)
  --insecure     Plain http, for registries that are not on this machine
  -p, --prog-type KIND
                 Accepted for compatibility: json, tar or wasm; the contents decide
  -h, --help     Print help

Ends on Ctrl-C, or when the reader of its output goes away. Exit codes: 0 ended by the user, 64 usage, 65 malformed
package, 66 nothing at an address, 69 not supported by this kernel, 74 output that cannot be written, 75 lost events and
--fail-on-loss, 77 missing rights; of a Wasm module, its own.

Examples:
  sudo ${command} opensnoop --pid 1234
  sudo ${command} exitsnoop --json | head -5
  sudo ${command} hello.bpf.c
`;

/** Indented below `NAME`. */
function namesInLines(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const longer = `${lines.at(-1) ?? ""} ${name},`;
    if (lines.length === 0 || longer.length > 100) lines.push(`${name},`);
    else lines[lines.length - 1] = longer;
  }
  return lines
    .map((line) => `                 ${line}`)
    .join("\n")
    .replace(/,$/, "");
}

/**
 * `skep run`, `ecli run` and `ecli FILE`. Resolves to the exit code.
 * @param command how it was called, for the help
 * @param onAttached is called when a package has been loaded and attached
 * @throws {UsageError} and whatever loading and running can throw
 */
export async function run(
  args: readonly string[],
  command: string,
  onAttached?: () => void,
): Promise<number> {
  const own = readOwnOptions(args, command);
  if (own === "help") {
    process.stdout.write(help(command));
    return 0;
  }
  const { json, find, program, rest } = own;
  const found = await findProgram(program, find);
  const { exitCode, unread } = await runFound();
  // A reader that takes nothing would keep the process alive for what it has not taken.
  if (unread > 0) process.exit(exitCode);
  return exitCode;

  async function runFound(): Promise<{ readonly exitCode: number; readonly unread: number }> {
    if (found.kind === "wasm") {
      const { runGuest } = await import("../run-guest.ts");
      return runGuest(found.module, found.name, [program === "-" ? found.name : program, ...rest]);
    }
    const btf = typesFromArchive(found.archive, (line) =>
      process.stderr.write(`${escapeText(found.name)}: ${line}\n`),
    );
    return runPackage(found.package, {
      name: found.name,
      invocation: `${command} ${program}`,
      args: [...(json ? ["--json"] : []), ...rest],
      stdout: process.stdout,
      stderr: process.stderr,
      ...(btf === undefined ? {} : { btf }),
      ...(onAttached === undefined ? {} : { onAttached }),
    });
  }
}

/** What stands before the program is for us, what follows it belongs to the program. */
interface OwnOptions {
  readonly json: boolean;
  readonly find: FindOptions;
  readonly program: string;
  readonly rest: readonly string[];
}

/** @throws {UsageError} */
function readOwnOptions(args: readonly string[], command: string): OwnOptions | "help" {
  let json = false;
  let find: FindOptions = {};
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (!arg.startsWith("-") || arg === "-") return { json, find, program: arg, rest: args.slice(index + 1) };
    if (arg === "-h" || arg === "--help") return "help";
    if (arg === "-j" || arg === "--json") json = true;
    else if (arg === "--insecure") find = { ...find, insecure: true };
    else if (/^--require-signature(?:=|$)/.test(arg))
      find = { ...find, requireSignature: arg.split(/=(.*)/s)[1] ?? valueAfter(args, index++) };
    else if (arg === "-p" || arg === "--prog-type") checkKind(args[++index]);
    else if (arg !== "--no-cache") throw new UsageError(`there is no option ${arg}`, `run ${command} --help`);
  }
  throw new UsageError("no program given", `write ${command} NAME, or skep tools to see the bundled tools`);
}

/** eunomia's names. Right or wrong, the contents decide. */
function checkKind(name: string | undefined): void {
  const kinds = ["json", "tar", "wasm", "jsoneunomia", "wasmmodule"];
  if (name === undefined || !kinds.includes(name.toLowerCase()))
    throw new UsageError(
      `there is no kind of program ${name ?? ""}`,
      "leave -p out: the contents say what it is",
    );
}

function valueAfter(args: readonly string[], index: number): string {
  const value = args[index + 1];
  if (value === undefined)
    throw new UsageError(`${args[index]} needs a file`, `write ${args[index]} PUB.pem`);
  return value;
}
