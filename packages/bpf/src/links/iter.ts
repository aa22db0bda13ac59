import { ClosedError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { openPath } from "../linux/open-path.ts";
import { readToEnd } from "../linux/read-to-end.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_TRACE_ITER } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { AttachedLink } from "./link.ts";
import type { AttachOptions, IterateOptions } from "./options.ts";

/** A program that walks over kernel objects. Each reading is a new walk. */
export class IteratorLink extends AttachedLink {
  readonly #program: LoadedProgram;
  readonly #link: OwnedFd;

  constructor(description: string, program: LoadedProgram, link: OwnedFd) {
    super("iter", description, () => link.close(), link);
    this.#program = program;
    this.#link = link;
  }

  /** The program's name. */
  get program(): string {
    return this.#program.name;
  }

  /** Walks over all objects and gives what the program wrote with bpf_seq_write(). @throws {ClosedError} {SyscallError} */
  read(): Uint8Array {
    if (this.#link.closed)
      throw new ClosedError(`${this.description} is closed`, "read it before closing it");
    const { kernel } = this.#program;
    using iterator = kernel.bpf.iterCreate(this.#link);
    return readToEnd(kernel.native, iterator);
  }

  /** Walks over all objects and gives what the program wrote with BPF_SEQ_PRINTF(). */
  text(): string {
    return new TextDecoder().decode(this.read());
  }
}

/**
 * @kernel 5.8, BPF_TRACE_ITER (kernel/bpf/bpf_iter.c)
 * @throws {InvalidArgumentError} when the restriction does not fit the kind of iterator
 */
export function attachIterator(program: LoadedProgram, options: AttachOptions): IteratorLink {
  const description = `iterator ${program.spec.target ?? program.name}`;
  const attr = { program: program.fd, target: 0, attachType: BPF_TRACE_ITER };
  const path = options.iterate?.cgroup;
  using cgroup = path === undefined ? undefined : openPath(program.kernel, path, "cgroup");
  try {
    const iterInfo = iteratorInfo(options, cgroup);
    const link = program.kernel.bpf.linkCreate(iterInfo === undefined ? attr : { ...attr, iterInfo });
    return new IteratorLink(description, program, link);
  } catch (error) {
    throw attachError(error, description);
  }
}

const ORDERS = { self: 1, descendants: 2, ancestors: 4 } as const;

/** union bpf_iter_link_info (include/uapi/linux/bpf.h). */
function iteratorInfo(options: AttachOptions, cgroup: OwnedFd | undefined): Uint8Array | undefined {
  const iterate = options.iterate;
  if (iterate === undefined) return undefined;
  const view = new DataView(new ArrayBuffer(16));
  if (iterate.map !== undefined) view.setUint32(0, mapDescriptor(options, iterate.map), true);
  else if (cgroup !== undefined) {
    view.setUint32(0, ORDERS[iterate.order ?? "descendants"], true);
    view.setUint32(4, cgroup.raw, true);
  } else setTask(view, iterate);
  return new Uint8Array(view.buffer);
}

function setTask(view: DataView, iterate: IterateOptions): void {
  if (iterate.tid !== undefined && iterate.pid !== undefined) {
    throw new InvalidArgumentError(
      "an iterator cannot be restricted to a pid and a tid at once",
      "pass one of them",
    );
  }
  view.setUint32(0, iterate.tid ?? 0, true);
  view.setUint32(4, iterate.pid ?? 0, true);
}

function mapDescriptor(options: AttachOptions, name: string): number {
  const map = options.maps?.(name);
  if (map === undefined)
    throw new NotFoundError(`there is no map ${name} to iterate over`, "pass the name of a loaded map");
  return map.fd.raw;
}
