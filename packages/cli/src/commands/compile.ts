import { dirname } from "node:path";
import type { CompiledPackage, CompileError, CompileOptions, OutputOptions } from "@skep/compiler";
import { Command, Option } from "commander";
import { VERSION } from "../version.ts";

interface Flags {
  readonly outputPath?: string;
  readonly verbose?: true;
  readonly yaml?: true;
  readonly additionalCflags?: readonly string[];
  readonly clangBin?: string;
  readonly llvmStripBin?: string;
  readonly generatePackageJson: boolean;
  readonly headerOnly?: true;
  readonly wasmHeader?: true;
  readonly btfgen?: true;
  readonly btfhubArchive?: string;
  readonly workspacePath?: string;
  readonly standalone?: true;
}

const EXAMPLES = (command: string) => `
Without a header, the struct that the program puts into its ring or perf buffer is found from the code.

Examples:
  ${command} hello.bpf.c                       writes hello.bpf.o, hello.skel.json and package.json next to it
  ${command} probe.bpf.c probe.h -o build      exports the structs of probe.h, writes to build/
  ${command} probe.bpf.c -a=-DDEBUG=1          passes -DDEBUG=1 to clang
  ${command} probe.bpf.c -s                    writes probe.out too: the program and skep in one executable file
  ${command} probe.bpf.c -b --btfhub-archive . writes probe.tar too, for kernels without BTF whose types are here`;

/** The command `ecc`, which is also `skep compile`: a source file in, a package out. */
export function compileCommand(name: "ecc" | "compile"): Command {
  return new Command(name === "ecc" ? "ecc" : "skep compile")
    .description(
      "Compile an eBPF source file into a package that skep run and ecli run on any kernel with BTF.",
    )
    .argument("<source>", "path of the .bpf.c file")
    .argument("[header]", "header that defines the structs to export")
    .option("-o, --output-path <dir>", "directory to write to (default: the source's)")
    .option("-v, --verbose", "print the clang command")
    .option("-y, --yaml", "write description and package as YAML")
    .option("-a, --additional-cflags <flag>", "pass a flag to clang, repeatable: -a=-DX", collect)
    .option("-c, --clang-bin <path>", "clang to use (default: clang, or the newest clang-N from 14 on)")
    .option("-l, --llvm-strip-bin <path>", "accepted for compatibility: no llvm-strip is needed")
    .option("-n, --no-generate-package-json", "write only the object and its description")
    .option("-w, --workspace-path <dir>", "take headers from <dir>/include first")
    .option("--header-only", "the source is a header: package the structs it defines")
    .option("--wasm-header", "also write ewasm-skel.h: the package for a WebAssembly program in C")
    .option("-b, --btfgen", "also write a .tar with what the program needs of other kernels' types")
    .option("--btfhub-archive <path>", "folder or archive with those types, as BTFHub has them (implies -b)")
    .addOption(
      new Option(
        "-s, --standalone",
        "also write one executable file that runs the program: needs Node.js, nothing else",
      ).conflicts("generatePackageJson"),
    )
    .version(`${name === "ecc" ? "ecc" : "skep"} ${VERSION}`, "-V, --version", "print version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", EXAMPLES(name === "ecc" ? "ecc" : "skep compile"))
    .action(async (source: string, header: string | undefined, flags: Flags) => {
      process.exitCode = await compile(source, header, flags);
    });
}

/** Commander hands over `-a=-DX` as `=-DX`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value.replace(/^=/, "")];
}

async function compile(source: string, header: string | undefined, flags: Flags): Promise<number> {
  const compiler = await import("@skep/compiler");
  const directory = flags.outputPath ?? dirname(source);
  const outputs: OutputOptions = {
    yaml: flags.yaml === true,
    packageFile: flags.generatePackageJson,
    wasmHeader: flags.wasmHeader === true,
  };
  await compiler.checkOutputs(directory, outputs);
  if (flags.llvmStripBin !== undefined)
    say("note: --llvm-strip-bin is not used, stripping needs no other program");
  const options: CompileOptions = {
    clang: flags.clangBin,
    cflags: flags.additionalCflags ?? [],
    color: process.stderr.isTTY === true,
    workspace: flags.workspacePath,
    headerOnly: flags.headerOnly === true,
  };
  try {
    const compiled = await compiler.compilePackage(source, header, options);
    report(compiled, flags);
    const kernelTypes = await typesOfKernels(compiled, flags);
    for (const path of await compiler.writeOutputs(compiled, directory, { ...outputs, kernelTypes }))
      say(`wrote ${path}`);
    if (flags.standalone === true) {
      const { writeStandalone } = await import("../standalone/write-standalone.ts");
      say(`wrote ${await writeStandalone(compiled.name, compiled.package, directory, kernelTypes)}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof compiler.CompileError)) throw error;
    showErrors(error);
    return 1;
  }
}

/** What the program needs of the types of other kernels; undefined when nobody asked. */
async function typesOfKernels(
  compiled: CompiledPackage,
  flags: Flags,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  if (flags.btfgen !== true && flags.btfhubArchive === undefined) return undefined;
  const { defaultBtfhub, pruneForKernels } = await import("@skep/compiler");
  const from = flags.btfhubArchive ?? defaultBtfhub();
  const { btf, warnings } = await pruneForKernels(compiled.package.object, from);
  for (const warning of warnings) say(warning);
  say(`types of ${btf.size} ${btf.size === 1 ? "kernel" : "kernels"} from ${from}`);
  return btf;
}

function report(compiled: CompiledPackage, flags: Flags): void {
  if (flags.verbose === true) say(`$ ${compiled.command.join(" ")}`);
  process.stderr.write(compiled.diagnostics);
  for (const warning of compiled.warnings) say(warning);
}

/** clang's text as clang prints it, then what we know about the cause. */
function showErrors(error: CompileError): void {
  process.stderr.write(error.diagnostics);
  for (const hint of error.hints) say(`hint: ${hint}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
