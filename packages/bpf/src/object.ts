import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Btf } from "./btf/btf.ts";
import { NotFoundError } from "./errors.ts";
import { hostKernel, type Kernel } from "./linux/kernel.ts";
import { loadObject } from "./load/load-object.ts";
import type { LoadPlan } from "./load/plan.ts";
import { BpfObject } from "./object/bpf-object.ts";
import { InitialVariables } from "./object/initial-variables.ts";
import { MapWishes, ProgramWishes } from "./object/wishes.ts";
import type { ObjectSpec } from "./spec/object-spec.ts";
import { readSpec } from "./spec/read-spec.ts";

export interface OpenOptions {
  /** Names the kernel's objects; by default the file's name without suffixes. */
  readonly name?: string;
}

export interface LoadOptions {
  /** By default the kernel that this process runs on. */
  readonly kernel?: Kernel;
  /** Types of the kernel, for kernels that offer none: BTF bytes, or parsed. */
  readonly btf?: Btf | Uint8Array;
  /** Values of kernel options (`CONFIG_HZ: "250"`) that override what the kernel says, for `extern … __kconfig`. */
  readonly kconfig?: Readonly<Record<string, string>>;
  /** Where maps that ask for it are pinned by name; by default `/sys/fs/bpf`. */
  readonly pinRoot?: string;
  /** 0 (default) asks for the verifier's log only after a failure; 1, 2 and 4 are the kernel's levels. */
  readonly logLevel?: number;
  /** What went wrong without keeping the object from working. By default nothing is said. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Reads an eBPF object file: a path, or its bytes. Asks the kernel nothing; the same file gives the same description on any
 * machine.
 * @throws {MalformedError} when it is no eBPF object file; {NotFoundError} when there is no such file
 * @example
 * const spec = open("opensnoop.bpf.o");
 * spec.variables.set("target_pid", 42);
 * using object = spec.load();
 * object.attach();
 */
export function open(source: string | Uint8Array, options: OpenOptions = {}): BpfSpec {
  const bytes = typeof source === "string" ? readFile(source) : source;
  const name = options.name ?? (typeof source === "string" ? objectName(source) : undefined);
  return new BpfSpec(readSpec(bytes, name === undefined ? {} : { name }));
}

/** `/usr/lib/opensnoop.bpf.o` → `opensnoop.bpf`, shortened at the first dot as libbpf does. */
function objectName(path: string): string {
  return basename(path).replace(/\..*$/s, "") || "object";
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new NotFoundError(`cannot read ${path}: ${(cause as Error).message}`, "check the path", { cause });
  }
}

/** An object file, and what shall become of it: everything may be changed until `load`. Loading does not use it up. */
export class BpfSpec {
  /** The file as it was read. */
  readonly spec: ObjectSpec;
  /** By name. */
  readonly programs: ReadonlyMap<string, ProgramWishes>;
  /** By name; global data included. */
  readonly maps: ReadonlyMap<string, MapWishes>;
  /** Initial values of global variables. */
  readonly variables: InitialVariables;

  constructor(spec: ObjectSpec) {
    this.spec = spec;
    this.programs = new Map(spec.programs.map((program) => [program.name, new ProgramWishes(program)]));
    this.maps = new Map(spec.maps.map((map) => [map.name, new MapWishes(map)]));
    this.variables = new InitialVariables(spec.maps, spec.btf);
  }

  get name(): string {
    return this.spec.name;
  }

  /** The object's own types; undefined when it was built without. */
  get btf(): Btf | undefined {
    return this.spec.btf;
  }

  /** @throws {NotFoundError} that lists the programs there are */
  program(name: string): ProgramWishes {
    return this.programs.get(name) ?? notFound("program", name, this.programs.keys());
  }

  /** @throws {NotFoundError} that lists the maps there are */
  map(name: string): MapWishes {
    return this.maps.get(name) ?? notFound("map", name, this.maps.keys());
  }

  /**
   * Creates the maps and loads the programs. Nothing is attached yet. A load that fails leaves nothing behind.
   * @throws {VerifierError} when the verifier rejects a program; {RelocationError} when this kernel lacks what it reads
   * @throws {UnsupportedError} {PermissionError} {NotFoundError} that say what the kernel lacks or forbids
   */
  load(options: LoadOptions = {}): BpfObject {
    const kernel = options.kernel ?? hostKernel();
    const loaded = loadObject(this.#plan(kernel, options));
    const autoattach = (name: string) => this.programs.get(name)?.autoattach ?? false;
    try {
      return new BpfObject(kernel, this.spec, loaded, autoattach);
    } catch (error) {
      for (const { fd } of [...loaded.programs, ...loaded.maps.values()]) fd.close();
      throw error;
    }
  }

  #plan(kernel: Kernel, options: LoadOptions): LoadPlan {
    const { btf, pinRoot = "/sys/fs/bpf" } = options;
    const maps = [...this.maps.values()].map((map) => map.plan(this.variables.contentsOf(map.spec), pinRoot));
    return {
      object: this.spec,
      programs: [...this.programs.values()].map((program) => program.plan()),
      maps,
      kernel,
      kernelTypes: btf instanceof Uint8Array ? Btf.parse(btf) : btf,
      kconfig: new Map(Object.entries(options.kconfig ?? {})),
      logLevel: options.logLevel ?? 0,
      onWarning: options.onWarning ?? (() => {}),
    };
  }
}

function notFound(what: string, name: string, names: Iterable<string>): never {
  const known = [...names];
  throw new NotFoundError(
    `the object has no ${what} ${name}`,
    known.length === 0 ? `it has no ${what}s` : `it has: ${known.join(", ")}`,
  );
}
