import { ClosedError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { openPath } from "../linux/open-path.ts";
import { readToEnd } from "../linux/read-to-end.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_TRACE_ITER } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { AttachedLink } from "./link.ts";
import { type AttachOptions, checkedPid } from "./options.ts";

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
    const iterInfo = iteratorInfo(program, options, cgroup);
    const link = program.kernel.bpf.linkCreate(iterInfo === undefined ? attr : { ...attr, iterInfo });
    return new IteratorLink(description, program, link);
  } catch (error) {
    throw attachError(error, description);
  }
}

const ORDERS = { self: 1, descendants: 2, ancestors: 4 } as const;

/** What each kind of iterator can be restricted to; others to nothing. */
const RESTRICTIONS: ReadonlyMap<string, "task" | "map" | "cgroup"> = new Map([
  ["task", "task"],
  ["task_file", "task"],
  ["task_vma", "task"],
  ["bpf_map_elem", "map"],
  ["bpf_sk_storage_map", "map"],
  ["sockmap", "map"],
  ["cgroup", "cgroup"],
]);

/**
 * union bpf_iter_link_info (include/uapi/linux/bpf.h). The kernel reads the member that belongs to the kind of iterator,
 * whichever was written: a map's descriptor would be taken for a thread's id.
 */
function iteratorInfo(
  program: LoadedProgram,
  options: AttachOptions,
  cgroup: OwnedFd | undefined,
): Uint8Array | undefined {
  const { map, pid, tid, order = "descendants" } = options.iterate ?? {};
  const given = { map, task: tid ?? pid, cgroup };
  if (Object.values(given).every((value) => value === undefined)) return undefined;
  const kind = RESTRICTIONS.get(program.spec.target ?? "");
  if (kind === undefined || given[kind] === undefined) {
    throw new InvalidArgumentError(
      `an iterator over ${program.spec.target} cannot be restricted that way`,
      kind === undefined ? "leave `iterate` out" : `pass iterate: { ${EXAMPLES[kind]} }`,
    );
  }
  const view = new DataView(new ArrayBuffer(16));
  if (map !== undefined && kind === "map") view.setUint32(0, mapDescriptor(options, map), true);
  else if (cgroup !== undefined && kind === "cgroup") {
    view.setUint32(0, ORDERS[order], true);
    view.setUint32(4, cgroup.raw, true);
  } else setTask(view, pid, tid);
  return new Uint8Array(view.buffer);
}

const EXAMPLES = {
  task: "pid: 1234",
  map: 'map: "the map\'s name"',
  cgroup: 'cgroup: "a cgroup v2 directory"',
} as const;

function setTask(view: DataView, pid: number | undefined, tid: number | undefined): void {
  if (tid !== undefined && pid !== undefined) {
    throw new InvalidArgumentError(
      "an iterator cannot be restricted to a pid and a tid at once",
      "pass one of them",
    );
  }
  view.setUint32(0, checkedPid(tid) ?? 0, true);
  view.setUint32(4, checkedPid(pid) ?? 0, true);
}

function mapDescriptor(options: AttachOptions, name: string): number {
  const map = options.maps?.(name);
  if (map === undefined)
    throw new NotFoundError(`there is no map ${name} to iterate over`, "pass the name of a loaded map");
  return map.fd.raw;
}
