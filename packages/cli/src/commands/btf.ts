import { Btf, BtfKind, hostKernel, MalformedError, printC, printTs, readElf } from "@skep/bpf";
import { UsageError } from "@skep/runtime";
import { readInputFile } from "../read-input-file.ts";

const HELP = `Print BTF, the kernel's own description of its types.

Usage: skep btf dump [--format c|ts|raw] [FILE]

FILE is raw BTF (such as /sys/kernel/btf/nf_tables) or an object file with a .BTF section. Without it, the running
kernel's.

Options:
  --format c     A header that C programs can include: vmlinux.h (default)
  --format ts    TypeScript types of an object's structs, as @skep/bpf decodes them
  --format raw   One line per type: [ID] KIND NAME
  -h, --help     Print help

Examples:
  skep btf dump > vmlinux.h
  skep btf dump --format ts exitsnoop.bpf.o > events.d.ts
  skep btf dump --format raw hello.bpf.o
`;

/** `skep btf dump`. Resolves to the exit code. */
export async function btf(args: readonly string[]): Promise<number> {
  if (args.includes("-h") || args.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  const { format, file } = parse(args);
  const types = file === undefined ? hostKernel().btf() : readBtf(file);
  process.stdout.write(PRINTERS[format](types));
  return 0;
}

type Format = "c" | "ts" | "raw";

const PRINTERS: Readonly<Record<Format, (types: Btf) => string>> = {
  c: (types) => printC(types),
  ts: (types) => printTs(types, namedStructs(types)),
  raw: rawText,
};

function isFormat(text: string | undefined): text is Format {
  return text !== undefined && Object.hasOwn(PRINTERS, text);
}

function namedStructs(types: Btf): number[] {
  const ids: number[] = [];
  for (let id = types.startId; id < types.endId; id++)
    if (types.kind(id) === BtfKind.Struct && types.nameOf(id) !== "") ids.push(id);
  return ids;
}

function parse(args: readonly string[]): { readonly format: Format; readonly file: string | undefined } {
  if (args[0] !== "dump") throw new UsageError("skep btf has one command: dump", "write: skep btf dump");
  let format: Format = "c";
  let file: string | undefined;
  for (let index = 1; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--format" || arg.startsWith("--format=")) {
      const value = arg === "--format" ? args[++index] : arg.slice("--format=".length);
      if (!isFormat(value))
        throw new UsageError(`there is no format ${value ?? ""}`, "give --format c, ts or raw");
      format = value;
    } else if (arg.startsWith("-")) throw new UsageError(`there is no option ${arg}`, "run skep btf --help");
    else if (file === undefined) file = arg;
    else throw new UsageError(`unexpected argument ${arg}`, "give one file");
  }
  return { format, file };
}

/** Split BTF, as modules have it, continues the kernel's. */
function readBtf(file: string): Btf {
  const bytes = readInputFile(file);
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45) {
    const isModule = file.startsWith("/sys/kernel/btf/") && !file.endsWith("/vmlinux");
    return Btf.parse(bytes, isModule ? { base: hostKernel().btf() } : {});
  }
  const elf = readElf(bytes);
  const section = elf.section(".BTF");
  if (section === undefined)
    throw new MalformedError(`${file} has no section .BTF`, "compile it with clang -g");
  return Btf.parse(elf.data(section));
}

const KINDS = [
  "VOID",
  "INT",
  "PTR",
  "ARRAY",
  "STRUCT",
  "UNION",
  "ENUM",
  "FWD",
  "TYPEDEF",
  "VOLATILE",
  "CONST",
  "RESTRICT",
  "FUNC",
  "FUNC_PROTO",
  "VAR",
  "DATASEC",
  "FLOAT",
  "DECL_TAG",
  "TYPE_TAG",
  "ENUM64",
] as const;

function rawText(types: Btf): string {
  let text = "";
  for (let id = types.startId; id < types.endId; id++) {
    const name = types.nameOf(id);
    text += `[${id}] ${KINDS[types.kind(id)]} ${name === "" ? "(anon)" : name}\n`;
  }
  return text;
}
