import { EINVAL, ENODEV, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import {
  encodePerfEventAttr,
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_FORMAT_LOST,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_TIME,
  PERF_TYPE_SOFTWARE,
} from "../linux/perf-event.ts";
import { syscallNumbers } from "../linux/syscalls.ts";

const CLOCK_MONOTONIC = 1;

/**
 * Opens the perf event of one CPU whose ring bpf_perf_event_output() writes to, disabled. undefined when the CPU has gone offline
 * meanwhile. @throws {SyscallError}
 */
export function openOutputEvent(
  kernel: Kernel,
  cpu: number,
  readFormat = PERF_FORMAT_LOST,
): OwnedFd | undefined {
  const attr = encodePerfEventAttr({
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_BPF_OUTPUT,
    sampleType: PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
    readFormat,
    samplePeriod: 1,
    clockId: CLOCK_MONOTONIC, // the same on all CPUs, and as bpf_ktime_get_ns()
    wakeup: 1,
  });
  try {
    return kernel.perfEventOpen(attr, { pid: -1, cpu });
  } catch (error) {
    if (failedWith(error, ENODEV)) return undefined;
    // Kernels before 6.0 do not know this format.
    if (readFormat !== 0 && failedWith(error, EINVAL)) return openOutputEvent(kernel, cpu, 0);
    throw error;
  }
}

/**
 * How many samples have found no room, up to now; undefined when the kernel does not tell.
 * @kernel 6.0, PERF_FORMAT_LOST (kernel/events/core.c)
 */
export function lostSamples({ native }: Kernel, event: OwnedFd): bigint | undefined {
  // What the event has counted, then what was lost.
  const counts = native.allocate(16);
  const { read } = syscallNumbers();
  const length = native.syscall(read, event.raw, native.addressOf(counts), counts.length);
  return length === counts.length ? new DataView(counts.buffer).getBigUint64(8, true) : undefined;
}
