import { existsSync } from "node:fs";
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
  BpfError,
  type Features,
  featuresOf,
  type Kernel,
  type KnownFeature,
  knownFeatures,
} from "@skep/bpf";
import type { Finding, State } from "./finding.ts";

/** The ways to attach a program, by the words of SEC(). */
export function attachFindings(kernel: Kernel): Finding[] {
  const features = featuresOf(kernel);
  const way = (name: string, since: string, ask: (features: Features) => boolean, next?: string): Finding => {
    const [state, text] = answer(() => ask(features), `kernels have it since ${since}`);
    return { name, state, text, ...(next !== undefined && state === "no" ? { next } : {}) };
  };
  const type = (number: number) => (known: Features) => known.hasProgramType(number);
  return [
    way("tracepoint", "4.7", type(BPF_PROG_TYPE_TRACEPOINT)),
    way("raw_tp", "4.17", type(BPF_PROG_TYPE_RAW_TRACEPOINT)),
    way("tp_btf, iter", "5.5", type(BPF_PROG_TYPE_TRACING)),
    way(
      "fentry, fexit",
      "5.5, on arm64 6.0, unless policy forbids it",
      (f) => f.fentry,
      "use tp_btf, tracepoints or kprobes",
    ),
    way("lsm", "5.7, unless policy forbids it", type(BPF_PROG_TYPE_LSM)),
    way("kprobe, ksyscall", "4.1, with CONFIG_KPROBE_EVENTS", (f) => f.kprobes, "use tracepoints"),
    way("kprobe.multi", "5.18, with CONFIG_FPROBE", (f) => f.kprobeMulti),
    way("uprobe, usdt", "4.1, with CONFIG_UPROBE_EVENTS", (f) => f.uprobes),
    way("uprobe.multi", "6.10", (f) => f.uprobeMulti),
    way("perf_event", "4.9", type(BPF_PROG_TYPE_PERF_EVENT)),
    counters(),
    way("xdp", "4.8", type(BPF_PROG_TYPE_XDP)),
    way("tc", "4.1", type(BPF_PROG_TYPE_SCHED_CLS)),
    way("tcx", "6.6", (f) => f.tcx),
    way("cgroup", "4.10", type(BPF_PROG_TYPE_CGROUP_SKB)),
    way("socket", "3.19", type(BPF_PROG_TYPE_SOCKET_FILTER)),
    way("netfilter", "6.4", type(BPF_PROG_TYPE_NETFILTER)),
    way("struct_ops", "5.6", type(BPF_PROG_TYPE_STRUCT_OPS)),
  ];
}

/** Counters of the CPU, which virtual machines often lack. */
function counters(): Finding {
  const devices = "/sys/bus/event_source/devices";
  const has = ["cpu", "cpu_core", "armv8_pmuv3_0", "armv8_pmuv3"].some((name) =>
    existsSync(`${devices}/${name}`),
  );
  return has
    ? { name: "hardware counters", state: "yes", text: "cycles, instructions, cache-misses …" }
    : {
        name: "hardware counters",
        state: "limited",
        text: "none, as is usual in virtual machines",
        next: "sample by cpu-clock",
      };
}

/** Program types, map types and features, in the order in which kernels got them. */
export function featureFindings(kernel: Kernel, kind: KnownFeature["kind"]): Finding[] {
  return knownFeatures(kernel)
    .filter((feature) => feature.kind === kind)
    .map((feature) => {
      const [state, text] = answer(() => feature.detect(), `since ${feature.since}`);
      return {
        name: shortName(feature.name),
        state,
        text: state === "yes" ? `since ${feature.since}` : text,
      };
    });
}

function shortName(name: string): string {
  return name.replace(/^BPF_(?:PROG|MAP)_TYPE_/, "").toLowerCase() === name.toLowerCase()
    ? name
    : name.replace(/^BPF_(?:PROG|MAP)_TYPE_/, "").toLowerCase();
}

function answer(ask: () => boolean, otherwise: string): readonly [State, string] {
  try {
    return ask() ? ["yes", ""] : ["no", otherwise];
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return ["unknown", "this process may not find out"];
  }
}
