import { BpfAttr } from "./bpf-attr.ts";
import { BatchCalls } from "./bpf-batches.ts";
import type { BpfCalls, MapCreateAttr, ObjectKind, ProgLoadAttr } from "./bpf-calls.ts";
import type { BpfCommand } from "./bpf-commands.ts";
import { ElementCalls } from "./bpf-elements.ts";
import { fillLinkCreate } from "./bpf-link-create.ts";
import { EAGAIN, EINVAL, ENOENT, EPERM, syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Native } from "./native.ts";
import { withProfilingSignalBlocked } from "./signal-mask.ts";

const NAME_CAPACITY = 16; // BPF_OBJ_NAME_LEN
const LOAD_ATTEMPTS = 5;

const ID_COMMANDS: Readonly<Record<ObjectKind, { readonly next: BpfCommand; readonly fd: BpfCommand }>> = {
  program: { next: "BPF_PROG_GET_NEXT_ID", fd: "BPF_PROG_GET_FD_BY_ID" },
  map: { next: "BPF_MAP_GET_NEXT_ID", fd: "BPF_MAP_GET_FD_BY_ID" },
  btf: { next: "BPF_BTF_GET_NEXT_ID", fd: "BPF_BTF_GET_FD_BY_ID" },
  link: { next: "BPF_LINK_GET_NEXT_ID", fd: "BPF_LINK_GET_FD_BY_ID" },
};

/** What bpf(2) needs of its surroundings. */
export interface BpfHost {
  /** Takes ownership of a descriptor that the kernel returned. */
  own(fd: number): OwnedFd;
  /** Called on EPERM: true when a limit was lifted, so that trying again makes sense. */
  liftLimits(): boolean;
}

/** bpf(2) over a {@link Native}. */
export function createBpfCalls(native: Native, host: BpfHost): BpfCalls {
  const own = (fd: number) => host.own(fd);
  const attr = new BpfAttr(native);
  const elements = new ElementCalls(native);
  const batches = new BatchCalls(native, attr);
  const owned = (command: BpfCommand, subject?: string) => own(attr.call(command, subject));
  /** For what takes locked memory on kernels before 5.11. */
  const charged = (command: BpfCommand, subject: string, call: () => number) => {
    let result = call();
    if (result === -EPERM && host.liftLimits()) result = call();
    if (result < 0) throw syscallError(`bpf(${command})`, -result, subject);
    return own(result);
  };

  return {
    mapCreate: (map) =>
      charged("BPF_MAP_CREATE", map.name ? `map ${map.name}` : "", () =>
        fillMapCreate(attr, map).tryCall("BPF_MAP_CREATE"),
      ),
    mapLookup: (map, key, value, flags = 0) => elements.lookup("BPF_MAP_LOOKUP_ELEM", map, key, value, flags),
    mapLookupAndDelete: (map, key, value, flags = 0) =>
      elements.lookup("BPF_MAP_LOOKUP_AND_DELETE_ELEM", map, key, value, flags),
    mapUpdate: (map, key, value, flags = 0) => elements.update(map, key, value, flags),
    mapDelete: (map, key) => elements.delete(map, key),
    mapNextKey: (map, key, next) => elements.nextKey(map, key, next),
    mapFreeze: (map) => void attr.clear().u32(0, map.raw).call("BPF_MAP_FREEZE"),
    mapLookupBatch: (map, inBatch, outBatch, keys, values, count, { andDelete = false, flags = 0 } = {}) =>
      batches.lookup(
        andDelete ? "BPF_MAP_LOOKUP_AND_DELETE_BATCH" : "BPF_MAP_LOOKUP_BATCH",
        map,
        inBatch,
        outBatch,
        keys,
        values,
        count,
        flags,
      ),
    mapUpdateBatch: (map, keys, values, count, flags = 0) => batches.update(map, keys, values, count, flags),
    mapDeleteBatch: (map, keys, count) => batches.delete(map, keys, count),
    progLoad: (program) =>
      charged("BPF_PROG_LOAD", program.name ? `program ${program.name}` : "", () =>
        loadProgram(native, attr, program),
      ),
    progAttach({ target, program, attachType, flags, replace }) {
      attr.clear().u32(0, target).u32(4, program.raw).u32(8, attachType).u32(12, flags).u32(16, replace?.raw);
      attr.call("BPF_PROG_ATTACH");
    },
    progDetach({ target, program, attachType }) {
      attr.clear().u32(0, target).u32(4, program?.raw).u32(8, attachType).call("BPF_PROG_DETACH");
    },
    progTestRun({ program, dataIn, dataOut, contextIn, contextOut, repeat, flags, cpu }) {
      attr.clear().u32(0, program.raw).u32(8, dataIn?.length).u32(12, dataOut?.length);
      attr.input(16, dataIn).output(24, dataOut).u32(32, repeat);
      attr.u32(40, contextIn?.length).u32(44, contextOut?.length).input(48, contextIn).output(56, contextOut);
      attr.u32(64, flags).u32(68, cpu).call("BPF_PROG_TEST_RUN");
      return { returnValue: attr.read(4), durationNs: attr.read(36), dataOutSize: attr.read(12) };
    },
    rawTracepointOpen({ name, program, cookie }) {
      attr.clear().text(0, name).u32(8, program.raw).u64(16, cookie);
      return owned("BPF_RAW_TRACEPOINT_OPEN", name && `tracepoint ${name}`);
    },
    btfLoad(btf, log) {
      attr.clear().input(0, btf).output(8, log?.buffer).u32(16, btf.length);
      attr.u32(20, log?.buffer.length).u32(24, log?.level);
      return charged("BPF_BTF_LOAD", "", () => attr.tryCall("BPF_BTF_LOAD"));
    },
    linkCreate: (link) => own(fillLinkCreate(attr, link).call("BPF_LINK_CREATE")),
    linkUpdate({ link, program, old, flags }) {
      attr
        .clear()
        .u32(0, link.raw)
        .u32(4, program.raw)
        .u32(8, flags)
        .u32(12, old?.raw)
        .call("BPF_LINK_UPDATE");
    },
    linkDetach: (link) => void attr.clear().u32(0, link.raw).call("BPF_LINK_DETACH"),
    iterCreate: (link) => own(attr.clear().u32(0, link.raw).call("BPF_ITER_CREATE")),
    progBindMap: (program, map) =>
      void attr.clear().u32(0, program.raw).u32(4, map.raw).call("BPF_PROG_BIND_MAP"),
    enableStats: (type) => own(attr.clear().u32(0, type).call("BPF_ENABLE_STATS")),
    objPin: (fd, path) => void attr.clear().text(0, path).u32(8, fd.raw).call("BPF_OBJ_PIN", path),
    objGet: (path, flags) => own(attr.clear().text(0, path).u32(12, flags).call("BPF_OBJ_GET", path)),
    fdById: (kind, id, flags) =>
      own(attr.clear().u32(0, id).u32(8, flags).call(ID_COMMANDS[kind].fd, `${kind} id ${id}`)),
    nextId(kind, id) {
      const command = ID_COMMANDS[kind].next;
      const result = attr.clear().u32(0, id).tryCall(command);
      if (result === -ENOENT) return undefined;
      if (result < 0) throw syscallError(`bpf(${command})`, -result);
      return attr.read(4);
    },
    info(fd, info) {
      attr.clear().u32(0, fd.raw).u32(4, info.length).output(8, info).call("BPF_OBJ_GET_INFO_BY_FD");
      return attr.read(4);
    },
  };
}

function fillMapCreate(attr: BpfAttr, map: MapCreateAttr): BpfAttr {
  attr.clear().u32(0, map.type).u32(4, map.keySize).u32(8, map.valueSize).u32(12, map.maxEntries);
  attr.u32(16, map.flags).u32(20, map.innerMap?.raw).u32(24, map.numaNode).name(28, map.name, NAME_CAPACITY);
  attr.u32(48, map.btf?.raw).u32(52, map.btfKeyTypeId).u32(56, map.btfValueTypeId);
  return attr.u32(60, map.btfVmlinuxValueTypeId).u64(64, map.mapExtra);
}

function fillProgLoad(attr: BpfAttr, program: ProgLoadAttr): BpfAttr {
  const { log, funcInfo, lineInfo } = program;
  attr
    .clear()
    .u32(0, program.type)
    .u32(4, program.instructions.length / 8)
    .input(8, program.instructions);
  attr.text(16, program.license).u32(24, log?.level).u32(28, log?.buffer.length).output(32, log?.buffer);
  attr.u32(40, program.kernelVersion).u32(44, program.flags).name(48, program.name, NAME_CAPACITY);
  attr.u32(64, program.ifindex).u32(68, program.expectedAttachType).u32(72, program.btf?.raw);
  if (funcInfo !== undefined) fillRecords(attr, { size: 76, pointer: 80, count: 88 }, funcInfo);
  if (lineInfo !== undefined) fillRecords(attr, { size: 92, pointer: 96, count: 104 }, lineInfo);
  attr.u32(108, program.attachBtfId).u32(112, program.attachBtfOrProgram?.raw);
  if (program.fdArray !== undefined) attr.input(120, new Uint8Array(Int32Array.from(program.fdArray).buffer));
  return attr;
}

function fillRecords(
  attr: BpfAttr,
  at: { readonly size: number; readonly pointer: number; readonly count: number },
  records: { readonly bytes: Uint8Array; readonly recordSize: number },
): void {
  if (records.bytes.length === 0) return;
  attr.u32(at.size, records.recordSize).input(at.pointer, records.bytes);
  attr.u32(at.count, records.bytes.length / records.recordSize);
}

/**
 * The verifier gives up with EAGAIN when a signal is pending. A CPU profiler's SIGPROF would interrupt every further
 * attempt as well, so those run with it blocked. Returns a descriptor or `-errno`.
 */
function loadProgram(native: Native, attr: BpfAttr, program: ProgLoadAttr): number {
  const load = () => fillProgLoad(attr, program).tryCall("BPF_PROG_LOAD");
  let result = program.instructions.length % 8 === 0 ? load() : -EINVAL;
  for (let attempt = 1; result === -EAGAIN && attempt < LOAD_ATTEMPTS; attempt++) {
    result = withProfilingSignalBlocked(native, load);
  }
  return result;
}
