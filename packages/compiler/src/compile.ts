import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InvalidArgumentError } from "@skep/bpf";
import { hintsFor } from "./clang-hints.ts";
import { CompileError } from "./errors.ts";
import type { Clang } from "./find-clang.ts";
import { run } from "./run.ts";

/** Node's name of an architecture → the name libbpf's headers know (`bpf_tracing.h`). */
const TARGET_ARCH: Readonly<Record<string, string>> = {
  arm: "arm",
  arm64: "arm64",
  loong64: "loongarch",
  mips: "mips",
  mipsel: "mips",
  ppc64: "powerpc",
  riscv64: "riscv",
  s390x: "s390",
  x64: "x86",
};

const FIXED =
  "-g -gdwarf-5 -gembed-source -O2 -target bpf -Wno-unknown-attributes -fdebug-compilation-dir=. -fno-crash-diagnostics".split(
    " ",
  );

/** Macros of libbpf 1.2, which Debian 12 does not have yet, in the words of libbpf's own header: a second definition is the same. */
const NEWER_MACROS = [
  "-DBPF_UPROBE(name,args...)=BPF_KPROBE(name, ##args)",
  "-DBPF_URETPROBE(name,args...)=BPF_KRETPROBE(name, ##args)",
];

export interface CompileFlags {
  /** Directories with headers of ours, `vmlinux.h` above all. */
  readonly includes: readonly string[];
  /** Further arguments for clang, as the user gave them. */
  readonly cflags: readonly string[];
  /** Ask clang for colours. */
  readonly color: boolean;
}

/**
 * The arguments that turn a source into an eBPF object. The source's directory stays out of the object, so that
 * the same source gives the same bytes wherever it lies. The debug information then carries the source text with
 * it (-gembed-source): clang looks up the lines for .BTF.ext by the shortened name, and would not find the file.
 */
function clangArguments(clang: Clang, source: string, output: string, flags: CompileFlags): string[] {
  const directory = dirname(source);
  return [
    ...FIXED,
    ...NEWER_MACROS,
    `-D__TARGET_ARCH_${targetArch(process.arch)}`,
    `-fdebug-prefix-map=${resolve(directory)}/=`,
    `-fdebug-prefix-map=${directory}/=`,
    ...(flags.color ? ["-fcolor-diagnostics"] : []),
    ...clang.systemIncludes.flatMap((include) => ["-idirafter", include]),
    ...flags.includes.map((include) => `-I${include}`),
    ...flags.cflags,
    // Whatever it is called: a name may begin as an option does, and say nothing of the language.
    ...[`-I${directory}`, "-x", "c", "-c", /^[-@]/.test(source) ? `./${source}` : source, "-o", output],
  ];
}

/** @throws {InvalidArgumentError} for an architecture that libbpf's headers do not know */
export function targetArch(arch: string): string {
  const name = TARGET_ARCH[arch];
  if (name === undefined)
    throw new InvalidArgumentError(`there are no BPF headers for ${arch}`, "compile on another machine");
  return name;
}

export interface Compiled {
  /** The object as clang wrote it, DWARF included. */
  readonly object: Uint8Array;
  /** Warnings, as clang printed them. */
  readonly diagnostics: string;
  /** The command, for `--verbose`. */
  readonly command: readonly string[];
}

/** Runs clang. @throws {CompileError} with clang's own text when it rejects the source */
export async function compileObject(
  clang: Clang,
  source: string,
  output: string,
  flags: CompileFlags,
): Promise<Compiled> {
  const args = clangArguments(clang, source, output, flags);
  const result = await run(clang.command, args);
  if (result?.status !== 0) {
    const text = result?.stderr ?? `${clang.command} cannot be run`;
    throw new CompileError(source, text, hintsFor(text));
  }
  return { object: await readFile(output), diagnostics: result.stderr, command: [clang.command, ...args] };
}
