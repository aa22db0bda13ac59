import { InvalidArgumentError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { MapPlan, ProgramPlan } from "../load/plan.ts";
import type { MapSpec, ProgramSpec } from "../spec/object-spec.ts";

/** What shall become of a program: begins as its source says, and is changed before `load`. */
export class ProgramWishes {
  readonly name: string;
  /** As read from the file. */
  readonly spec: ProgramSpec;
  /** False leaves the program out: what it needs need not exist on this kernel. */
  autoload: boolean;
  /** False keeps `BpfObject.attach()` from attaching it. */
  autoattach = true;
  /** Replaces the target that the SEC() name gives: `syscalls/sys_enter_write`, `do_unlinkat`. */
  target: string | undefined;
  /** BPF_PROG_TYPE_*. */
  type: number;
  /** BPF_* attach type; undefined for none. */
  attachType: number | undefined;
  /** BPF_F_*. */
  flags: number;
  /** freplace, and fentry/fexit of a BPF program: the program to attach to. Stays the caller's. */
  targetProgram: OwnedFd | undefined;

  constructor(spec: ProgramSpec) {
    this.name = spec.name;
    this.spec = spec;
    this.autoload = spec.autoload;
    this.target = spec.target;
    this.type = spec.type;
    this.attachType = spec.attachType;
    this.flags = spec.flags;
  }

  plan(): ProgramPlan {
    const { target, type, attachType, flags, autoload, targetProgram } = this;
    return {
      spec: { ...this.spec, target, type, attachType, flags, autoload },
      load: autoload,
      targetProgram,
    };
  }
}

/** What shall become of a map: begins as its source says, and is changed before `load`. */
export class MapWishes {
  readonly name: string;
  /** As read from the file. */
  readonly spec: MapSpec;
  /** False leaves the map out: programs that reach it are refused. */
  autocreate: boolean;
  /** BPF_MAP_TYPE_*. */
  type: number;
  /** Bytes. */
  keySize: number;
  /** Bytes. Growing a data section gives its last array more elements. */
  valueSize: number;
  maxEntries: number;
  /** BPF_F_*. */
  flags: number;
  /** In a bpffs: opened when it exists, else pinned there. */
  pinPath: string | undefined;
  /** A map that exists already and takes this one's place. Stays the caller's. */
  reuse: OwnedFd | undefined;

  constructor(spec: MapSpec) {
    this.name = spec.name;
    this.spec = spec;
    this.autocreate = spec.structOps?.optional !== true;
    this.type = spec.type;
    this.keySize = spec.keySize;
    this.valueSize = spec.valueSize;
    this.maxEntries = spec.maxEntries;
    this.flags = spec.flags;
  }

  /** `contents`: of a data section. `pinRoot`: where maps that ask for it are pinned by name. */
  plan(contents: Uint8Array | undefined, pinRoot: string): MapPlan {
    const { type, keySize, valueSize, maxEntries, flags } = this;
    const { data, pinByName } = this.spec;
    const sizes = { type, keySize, valueSize, maxEntries, flags };
    const typed =
      type === this.spec.type && keySize === this.spec.keySize && valueSize === this.spec.valueSize;
    return {
      spec: {
        ...this.spec,
        ...sizes,
        // Types that no longer fit would make the kernel refuse the map.
        ...(typed ? {} : { keyTypeId: 0, valueTypeId: 0 }),
        data: data && { ...data, initial: resized(this.name, contents ?? data.initial, valueSize) },
      },
      create: this.autocreate,
      reuse: this.reuse,
      pinPath: this.pinPath ?? (pinByName ? `${pinRoot}/${this.name}` : undefined),
    };
  }
}

function resized(name: string, bytes: Uint8Array, size: number): Uint8Array {
  if (size === bytes.length) return bytes;
  if (size < bytes.length) {
    throw new InvalidArgumentError(
      `data section ${name} holds ${bytes.length} bytes and cannot shrink to ${size}`,
      "data sections only grow",
    );
  }
  const grown = new Uint8Array(size);
  grown.set(bytes);
  return grown;
}
