import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));
const cache = fileURLToPath(new URL("../../../node_modules/.cache/skep-fixtures/", import.meta.url));

/** Options that some fixtures need; the defaults are what libbpf's own users pass to clang. */
export interface CompileOptions {
  /** `bpfel` unless told. */
  readonly target?: "bpfel" | "bpfeb";
  /** With `-g`, and so with BTF, unless told. */
  readonly debug?: boolean;
  readonly flags?: readonly string[];
}

/**
 * Compiles a BPF C file (`path` relative to `test/fixtures`, or absolute) with clang and gives the object's bytes.
 * The running kernel's `vmlinux.h` is on the include path. Results are kept under `node_modules/.cache` by content.
 */
export function compileFixture(path: string, options: CompileOptions = {}): Uint8Array {
  const source = isAbsolute(path) ? path : join(fixtures, path);
  const folder = dirname(source);
  const flags = [
    ...(options.debug === false ? [] : ["-g"]),
    "-O2",
    "-Wall",
    "-target",
    options.target ?? "bpfel",
    "-D__TARGET_ARCH_x86",
    "-I/usr/include/x86_64-linux-gnu",
    ...(options.flags ?? []),
  ];
  const headers = readdirSync(folder).filter((name) => name.endsWith(".h"));
  const key = digest([
    readFileSync(source),
    ...headers.map((name) => readFileSync(join(folder, name))),
    flags.join(),
  ]);
  const object = join(cache, `${key}.o`);
  if (!existsSync(object)) {
    const temporary = `${object}.${process.pid}`;
    const include = [`-I${folder}`, `-I${vmlinuxHeader()}`];
    // The relative source name keeps the object the same wherever the repository lies.
    const name = source.slice(folder.length + 1);
    execFileSync("clang", [...flags, ...include, "-c", name, "-o", temporary], {
      cwd: folder,
      stdio: "pipe",
    });
    renameSync(temporary, object);
  }
  return new Uint8Array(readFileSync(object));
}

/** The folder of a `vmlinux.h` made from the running kernel's BTF. */
export function vmlinuxHeader(): string {
  const folder = join(cache, `vmlinux-${digest([readFileSync("/proc/version")])}`);
  const header = join(folder, "vmlinux.h");
  if (!existsSync(header)) {
    mkdirSync(folder, { recursive: true });
    const text = execFileSync("bpftool", ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"], {
      maxBuffer: 1 << 28,
    });
    writeFileSync(`${header}.${process.pid}`, text);
    renameSync(`${header}.${process.pid}`, header);
  }
  return folder;
}

function digest(parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 24);
}
