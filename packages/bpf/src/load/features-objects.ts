import type { Kernel } from "../linux/kernel.ts";
import { BPF_F_MMAPABLE } from "../spec/map-flags.ts";
import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_RINGBUF } from "../spec/map-types.ts";
import {
  BPF_CGROUP_INET_SOCK_CREATE,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_TRACEPOINT,
} from "../spec/program-types.ts";
import { attempt, type Probe } from "./features-attempt.ts";
import { hasHelper } from "./features-helpers.ts";
import {
  callHelper,
  EXIT,
  loadMapValue,
  loadProbe,
  move,
  withArray,
  withProgram,
} from "./features-programs.ts";

const BPF_FUNC_PROBE_READ_KERNEL = 113;
const BPF_FUNC_KTIME_GET_COARSE_NS = 160;
const BPF_FUNC_GET_ATTACH_COOKIE = 174;

function createArray(kernel: Kernel, flags: number) {
  return kernel.bpf.mapCreate({ type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1, flags });
}

/** Programs, maps and the attributes they are made with. */
export const OBJECT_PROBES = {
  /** Programs and maps may have names of 15 characters. */
  programName: {
    since: "4.15",
    detect: (kernel) => attempt("program names", () => loadProbe(kernel, undefined, { name: "probe" })),
  },
  /** Names may hold a dot. */
  dotInName: {
    since: "5.2",
    detect: (kernel) => attempt("dots in names", () => loadProbe(kernel, undefined, { name: "pro.be" })),
  },
  /** Instructions may point into a map's value, and maps may be frozen: `.data`, `.rodata`. */
  globalData: {
    since: "5.2",
    detect: (kernel) =>
      withArray(kernel, (map) =>
        attempt("global data", () => loadProbe(kernel, [...loadMapValue(map), move(0, 0), EXIT])),
      ),
  },
  /** Arrays may be mapped into this process. */
  mmapableArray: {
    since: "5.5",
    detect: (kernel) => attempt("mmapable arrays", () => createArray(kernel, BPF_F_MMAPABLE)),
  },
  /** BPF_PROG_LOAD takes an expected attach type. */
  expectedAttachType: {
    since: "4.17",
    detect: (kernel) =>
      attempt("expected attach types", () =>
        loadProbe(kernel, [move(0, 1), EXIT], {
          type: BPF_PROG_TYPE_CGROUP_SOCK,
          expectedAttachType: BPF_CGROUP_INET_SOCK_CREATE,
        }),
      ),
  },
  /** bpf_probe_read_kernel and its kin exist; before, bpf_probe_read reads both kernel and user memory. */
  probeReadKernel: {
    since: "5.5",
    detect: (kernel) => hasHelper(kernel, BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_PROBE_READ_KERNEL),
  },
  /** A program can keep a map alive that no instruction mentions. */
  progBindMap: {
    since: "5.10",
    detect: (kernel) =>
      withArray(kernel, (map) =>
        withProgram(kernel, {}, (program) =>
          attempt("BPF_PROG_BIND_MAP", () => {
            kernel.bpf.progBindMap(program, map);
            return undefined;
          }),
        ),
      ),
  },
  /**
   * Maps and programs count against the memory cgroup, not against RLIMIT_MEMLOCK. Seen by a helper of the same
   * release, bpf_ktime_get_coarse_ns.
   */
  memcgAccounting: {
    since: "5.11",
    detect: (kernel) =>
      attempt("memory cgroup accounting", () =>
        loadProbe(kernel, [callHelper(BPF_FUNC_KTIME_GET_COARSE_NS), EXIT]),
      ),
  },
  /** bpf_get_attach_cookie: programs attached to perf events learn which attachment called them. */
  bpfCookie: {
    since: "5.15",
    detect: (kernel) => hasHelper(kernel, BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_GET_ATTACH_COOKIE),
  },
  /** BPF_MAP_TYPE_RINGBUF. */
  ringBuffer: {
    since: "5.8",
    detect: (kernel) =>
      attempt("ring buffers", () =>
        kernel.bpf.mapCreate({
          type: BPF_MAP_TYPE_RINGBUF,
          keySize: 0,
          valueSize: 0,
          maxEntries: kernel.pageSize,
        }),
      ),
  },
  /** Many elements in one call. */
  batchOperations: {
    since: "5.6",
    detect: (kernel) =>
      withArray(kernel, (map) =>
        attempt("batch operations", () => {
          kernel.bpf.mapLookupBatch(
            map,
            undefined,
            new Uint8Array(4),
            new Uint8Array(4),
            new Uint8Array(32),
            1,
          );
        }),
      ),
  },
} satisfies Record<string, Probe>;
