import type { AttachOptions, LinkKind, Program } from "@skep/bpf";

type Meaning = (target: string) => AttachOptions;

const place: Meaning = (target) => ({ target });
const networkInterface: Meaning = (name) => ({ interface: name });
const networkNamespace: Meaning = (path) => ({ networkNamespace: path });
const sockmap: Meaning = (name) => ({ sockmap: name });
/** Decided when the program is loaded, or said in other ways. */
const nothing: Meaning = () => ({});

/** eunomia's runtime knows cgroups (sockops) and interfaces (xdp), and attaches all others as their SEC() says. */
const MEANINGS: Readonly<Record<LinkKind, Meaning>> = {
  cgroup: (path) => ({ cgroup: path }),
  xdp: networkInterface,
  tc: networkInterface,
  tcx: networkInterface,
  netkit: networkInterface,
  socket_filter: networkInterface,
  kprobe: place,
  kretprobe: place,
  "kprobe.multi": place,
  "kretprobe.multi": place,
  "kprobe.session": place,
  ksyscall: place,
  kretsyscall: place,
  uprobe: place,
  uretprobe: place,
  "uprobe.multi": place,
  "uretprobe.multi": place,
  "uprobe.session": place,
  usdt: place,
  tracepoint: place,
  raw_tracepoint: place,
  sk_lookup: networkNamespace,
  flow_dissector: networkNamespace,
  sk_skb: sockmap,
  sk_msg: sockmap,
  lirc: (path) => ({ device: path }),
  tracing: nothing,
  lsm: nothing,
  iter: nothing,
  perf_event: nothing,
  netfilter: nothing,
  freplace: nothing,
  struct_ops: nothing,
};

/** What the target of wasm_attach_bpf_program means for a program. C guests pass "" for none. */
export function attachOptionsOf(program: Program, target: string | undefined): AttachOptions {
  const kind = program.spec.definition?.link;
  return target === undefined || target === "" || kind === undefined ? {} : MEANINGS[kind](target);
}
