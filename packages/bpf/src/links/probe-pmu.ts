import { cString } from "../linux/c-string.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { encodePerfEventAttr } from "../linux/perf-event.ts";
import { readLinesIfPossible } from "../linux/read-file.ts";

/**
 * The perf "PMUs" that make a kprobe or uprobe out of perf_event_open() alone, so that the probe lives exactly as long as
 * the descriptor.
 * @kernel 4.17 (kernel/events/core.c, perf_kprobe and perf_uprobe)
 */
export interface ProbePmu {
  readonly type: number;
  /** Bit of `config` that asks for a return probe. */
  readonly returnBit: number;
  /** Bit of `config` where the 32 bits of a semaphore's file offset begin; undefined before 4.20. */
  readonly semaphoreBit: number | undefined;
}

const DEVICES = "/sys/bus/event_source/devices";

/** Undefined when the kernel has no such PMU: too old, or built without probes. */
export function probePmu({ files }: Kernel, name: "kprobe" | "uprobe"): ProbePmu | undefined {
  const line = (file: string) => readLinesIfPossible(files, `${DEVICES}/${name}/${file}`)?.[0];
  const type = Number(line("type"));
  const returnBit = configBit(line("format/retprobe"));
  if (!Number.isInteger(type) || returnBit === undefined) return undefined;
  return { type, returnBit, semaphoreBit: configBit(line("format/ref_ctr_offset")) };
}

/** `config:0`, `config:32-63`: the first bit. */
function configBit(format: string | undefined): number | undefined {
  const match = /^config:(\d+)/.exec(format ?? "");
  return match === null ? undefined : Number(match[1]);
}

export interface PmuProbe {
  /** A kernel function or a binary's path; undefined for a bare kernel address in `offset`. */
  readonly name: string | undefined;
  readonly offset: bigint;
  readonly isReturn: boolean;
  /** File offset of a USDT semaphore. */
  readonly semaphore?: number;
  readonly pid?: number | undefined;
}

/** Opens the probe, disabled. @throws {SyscallError} */
export function openPmuProbe(kernel: Kernel, pmu: ProbePmu, probe: PmuProbe): OwnedFd {
  // The kernel reads the name during the call, so the bytes only have to outlive this function.
  const name = probe.name === undefined ? undefined : unmoved(kernel, cString(probe.name));
  const attr = encodePerfEventAttr({
    type: pmu.type,
    config: configOf(pmu, probe),
    config1: name === undefined ? 0n : BigInt(kernel.native.addressOf(name)),
    config2: probe.offset,
    disabled: true,
  });
  const target =
    probe.pid === undefined ? { pid: -1, cpu: kernel.onlineCpus()[0] ?? 0 } : { pid: probe.pid, cpu: -1 };
  const event = kernel.perfEventOpen(attr, target);
  // Mentioned after the call, so that it cannot be collected before.
  name?.fill(0);
  return event;
}

function configOf(pmu: ProbePmu, probe: PmuProbe): bigint {
  const returns = probe.isReturn ? 1n << BigInt(pmu.returnBit) : 0n;
  const semaphore = BigInt(probe.semaphore ?? 0) << BigInt(pmu.semaphoreBit ?? 32);
  return returns | semaphore;
}

/** The same bytes where the kernel can be pointed to. */
function unmoved(kernel: Kernel, bytes: Uint8Array): Uint8Array {
  const copy = kernel.native.allocate(bytes.length);
  copy.set(bytes);
  return copy;
}
