import type { Btf } from "../btf/btf.ts";
import { BtfBuilder } from "../btf/builder.ts";
import { type BtfFunc, BtfKind } from "../btf/types.ts";
import type { LinkedProgram } from "../relocate/code.ts";
import * as types from "../spec/program-types.ts";

/** What `__arg_ctx` of bpf_helpers.h tags a parameter with. */
export const CONTEXT_TAG = "arg:ctx";

const SK_BUFF = "__sk_buff";

/** The struct by whose name the verifier knows the context of a type of program (include/linux/bpf_types.h). */
const CONTEXTS: ReadonlyMap<number, string> = new Map([
  [types.BPF_PROG_TYPE_SOCKET_FILTER, SK_BUFF],
  [types.BPF_PROG_TYPE_SCHED_CLS, SK_BUFF],
  [types.BPF_PROG_TYPE_SCHED_ACT, SK_BUFF],
  [types.BPF_PROG_TYPE_CGROUP_SKB, SK_BUFF],
  [types.BPF_PROG_TYPE_LWT_IN, SK_BUFF],
  [types.BPF_PROG_TYPE_LWT_OUT, SK_BUFF],
  [types.BPF_PROG_TYPE_LWT_XMIT, SK_BUFF],
  [types.BPF_PROG_TYPE_LWT_SEG6LOCAL, SK_BUFF],
  [types.BPF_PROG_TYPE_SK_SKB, SK_BUFF],
  [types.BPF_PROG_TYPE_FLOW_DISSECTOR, SK_BUFF],
  [types.BPF_PROG_TYPE_XDP, "xdp_md"],
  [types.BPF_PROG_TYPE_CGROUP_SOCK, "bpf_sock"],
  [types.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bpf_sock_addr"],
  [types.BPF_PROG_TYPE_CGROUP_DEVICE, "bpf_cgroup_dev_ctx"],
  [types.BPF_PROG_TYPE_CGROUP_SYSCTL, "bpf_sysctl"],
  [types.BPF_PROG_TYPE_CGROUP_SOCKOPT, "bpf_sockopt"],
  [types.BPF_PROG_TYPE_SOCK_OPS, "bpf_sock_ops"],
  [types.BPF_PROG_TYPE_SK_MSG, "sk_msg_md"],
  [types.BPF_PROG_TYPE_SK_REUSEPORT, "sk_reuseport_md"],
  [types.BPF_PROG_TYPE_SK_LOOKUP, "bpf_sk_lookup"],
  [types.BPF_PROG_TYPE_NETFILTER, "bpf_nf_ctx"],
  [types.BPF_PROG_TYPE_KPROBE, "bpf_user_pt_regs_t"],
  [types.BPF_PROG_TYPE_PERF_EVENT, "bpf_perf_event_data"],
  [types.BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_raw_tracepoint_args"],
  [types.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "bpf_raw_tracepoint_args"],
]);

/**
 * The functions whose parameters are tagged as the program's context: FUNC id → indexes of those parameters. Without `hidden`
 * ones, which are verified together with their callers.
 */
export function taggedContexts(
  btf: Btf,
  hidden: ReadonlySet<number>,
): ReadonlyMap<number, ReadonlySet<number>> {
  const tagged = new Map<number, Set<number>>();
  for (let id = btf.startId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DeclTag || btf.nameOf(id) !== CONTEXT_TAG) continue;
    const tag = btf.type(id);
    if (tag.kind !== BtfKind.DeclTag || btf.kind(tag.typeId) !== BtfKind.Func || hidden.has(tag.typeId))
      continue;
    const indexes = tagged.get(tag.typeId) ?? new Set();
    tagged.set(tag.typeId, indexes.add(tag.componentIndex));
  }
  return tagged;
}

/**
 * Kernels before 6.8 do not know the tag. They verify a global function by the types of its parameters, and take one for
 * the context when it points at a struct of the right name. This gives every tagged function a copy that says so, one for each
 * type of program that calls it, and makes the function information of the programs refer to those. Returns the BTF with the
 * copies behind the object's own types. Programs whose context has no name, such as tracepoints, stay as they are.
 */
export class ContextTypes {
  readonly #btf: Btf;
  readonly #tagged: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #builder: BtfBuilder;
  /** By function and struct. */
  readonly #copies = new Map<string, number>();
  /** Pointers to the structs, by name. */
  readonly #pointers = new Map<string, number>();

  constructor(btf: Btf, tagged: ReadonlyMap<number, ReadonlySet<number>>) {
    this.#btf = btf;
    this.#tagged = tagged;
    this.#builder = BtfBuilder.from(btf);
  }

  /** The object's BTF with what was added. */
  build(): Btf {
    return this.#builder.build();
  }

  /** The program with its tagged functions replaced. */
  apply(programType: number, linked: LinkedProgram): LinkedProgram {
    const context = CONTEXTS.get(programType);
    if (context === undefined) return linked;
    const funcInfo = linked.funcInfo.map(({ insn, typeId }) => ({
      insn,
      typeId: this.#copyOf(typeId, context),
    }));
    return { ...linked, funcInfo };
  }

  #copyOf(id: number, context: string): number {
    const indexes = this.#tagged.get(id);
    const type = this.#btf.type(id);
    if (indexes === undefined || type.kind !== BtfKind.Func) return id;
    const key = `${id} ${context}`;
    const copy = this.#copies.get(key) ?? this.#copy(type, indexes, context);
    this.#copies.set(key, copy);
    return copy;
  }

  #copy(type: BtfFunc, indexes: ReadonlySet<number>, context: string): number {
    const prototype = this.#btf.type(type.typeId);
    if (prototype.kind !== BtfKind.FuncProto) return type.id;
    const pointer = this.#pointerTo(context);
    const params = prototype.params.map((param, index) =>
      indexes.has(index) ? { ...param, typeId: pointer } : param,
    );
    return this.#builder.add({ ...type, typeId: this.#builder.add({ ...prototype, params }) });
  }

  #pointerTo(context: string): number {
    const known = this.#pointers.get(context);
    if (known !== undefined) return known;
    const shape = { kind: BtfKind.Struct, size: 0, kindFlag: false, members: [] } as const;
    const typeId = this.#builder.add({ ...shape, name: context });
    const pointer = this.#builder.add({ kind: BtfKind.Ptr, name: "", typeId, kindFlag: false });
    this.#pointers.set(context, pointer);
    return pointer;
  }
}
