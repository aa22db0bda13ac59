import { InvalidArgumentError, UnsupportedError } from "../errors.ts";
import { EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ESRCH, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { encodePerfEventAttr, PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE } from "../linux/perf-event.ts";
import { readTextIfExists } from "../linux/read-file.ts";
import type { LoadedProgram } from "../load/program.ts";
import { processGone } from "./attach-error.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, pidOf, type SampleEvent, type SampleOptions } from "./options.ts";
import { attachToPerfEvent } from "./perf-attach.ts";
import { undoneOnFailure } from "./undo-list.ts";

/** enum perf_hw_id and perf_sw_ids, include/uapi/linux/perf_event.h. */
const EVENTS: Readonly<Record<SampleEvent, { readonly type: number; readonly config: number }>> = {
  "cpu-clock": { type: PERF_TYPE_SOFTWARE, config: 0 },
  "task-clock": { type: PERF_TYPE_SOFTWARE, config: 1 },
  "page-faults": { type: PERF_TYPE_SOFTWARE, config: 2 },
  "context-switches": { type: PERF_TYPE_SOFTWARE, config: 3 },
  "cpu-migrations": { type: PERF_TYPE_SOFTWARE, config: 4 },
  cycles: { type: PERF_TYPE_HARDWARE, config: 0 },
  instructions: { type: PERF_TYPE_HARDWARE, config: 1 },
  "cache-references": { type: PERF_TYPE_HARDWARE, config: 2 },
  "cache-misses": { type: PERF_TYPE_HARDWARE, config: 3 },
  branches: { type: PERF_TYPE_HARDWARE, config: 4 },
  "branch-misses": { type: PERF_TYPE_HARDWARE, config: 5 },
};
const DEFAULT_FREQUENCY = 99;
const MAX_SAMPLE_RATE = "/proc/sys/kernel/perf_event_max_sample_rate";

/**
 * Samples: the program runs every so often on each CPU, or in each thread of a process. By default 99 times a second by the
 * CPU's clock, idle CPUs included (their pid is 0).
 * @kernel 4.9, BPF_PROG_TYPE_PERF_EVENT (kernel/events/core.c)
 * @throws {UnsupportedError} when a hardware event is asked for and there is no PMU
 */
export function attachPerfEvent(program: LoadedProgram, options: AttachOptions): Link {
  const sample = options.sample ?? {};
  const pid = pidOf(options);
  const attr = encodeSample(sample, pid !== undefined);
  const description = `perf event ${eventText(sample)}${pid === undefined ? "" : ` of process ${pid}`}`;
  const cookie = cookieOf(options);
  return undoneOnFailure((undo) => {
    try {
      const targets =
        pid === undefined ? perCpu(program.kernel.onlineCpus()) : perThread(program.kernel, pid);
      const fds = targets.flatMap((target) => {
        const event = openUnlessGone(program, attr, target);
        return event === undefined ? [] : [attachToPerfEvent(program, event, undo, cookie)];
      });
      if (pid !== undefined && fds.length === 0) throw processEnded(pid);
      return new AttachedLink("perf_event", description, undo.run, fds.length === 1 ? fds[0] : undefined);
    } catch (error) {
      throw explain(error, description, options, program.kernel);
    }
  });
}

interface Target {
  readonly pid: number;
  readonly cpu: number;
}

function perCpu(cpus: readonly number[]): readonly Target[] {
  return cpus.map((cpu) => ({ pid: -1, cpu }));
}

/** An event follows one thread and, being inherited, those that it starts later; the others are counted out here. */
function perThread({ files }: Kernel, pid: number): readonly Target[] {
  try {
    return files.list(`/proc/${pid}/task`).map((tid) => ({ pid: Number(tid), cpu: -1 }));
  } catch (cause) {
    throw processEnded(pid, cause);
  }
}

function processEnded(pid: number, cause?: unknown): InvalidArgumentError {
  const next = "pass the pid of a running process";
  return new InvalidArgumentError(`process ${pid} does not exist (any more)`, next, { cause });
}

/** A CPU may go offline, a thread end, between looking and opening. */
function openUnlessGone(program: LoadedProgram, attr: Uint8Array, target: Target): OwnedFd | undefined {
  try {
    return program.kernel.perfEventOpen(attr, target);
  } catch (error) {
    if (failedWith(error, target.cpu >= 0 ? ENODEV : ESRCH)) return undefined;
    throw error;
  }
}

function encodeSample(sample: SampleOptions, inherit: boolean): Uint8Array {
  const { event = "cpu-clock", frequency, period } = sample;
  if (frequency !== undefined && period !== undefined) {
    throw new InvalidArgumentError("a sample has either a frequency or a period", "pass one of them");
  }
  const rate = period ?? frequency ?? DEFAULT_FREQUENCY;
  if (!Number.isSafeInteger(rate) || rate <= 0) {
    throw new InvalidArgumentError(`${rate} is not a sampling rate`, "pass a positive integer");
  }
  const known = typeof event === "string" ? EVENTS[event] : event;
  if (known === undefined) {
    throw new InvalidArgumentError(
      `there is no event ${String(event)}`,
      `choose one of ${Object.keys(EVENTS).join(", ")}`,
    );
  }
  const { type, config } = known;
  return encodePerfEventAttr({
    type,
    config,
    samplePeriod: rate,
    frequency: period === undefined,
    inherit,
    disabled: true,
  });
}

function eventText({ event = "cpu-clock", frequency, period }: SampleOptions): string {
  const name = typeof event === "string" ? event : `${event.type}:${event.config}`;
  return period === undefined ? `${name} at ${frequency ?? DEFAULT_FREQUENCY} Hz` : `${name} every ${period}`;
}

function explain(
  error: unknown,
  description: string,
  { pid, sample = {} }: AttachOptions,
  { files }: Kernel,
): unknown {
  if (failedWith(error, ENOENT, EOPNOTSUPP)) {
    return new UnsupportedError(
      `this machine has no counter for ${description}, as is usual in virtual machines`,
      'pass sample: { event: "cpu-clock" }, which works everywhere',
      { cause: error },
    );
  }
  const { frequency } = sample;
  if (failedWith(error, EINVAL) && frequency !== undefined) {
    const most = readTextIfExists(files, MAX_SAMPLE_RATE)?.trim() ?? "some thousand";
    return new InvalidArgumentError(
      `the kernel takes no ${description}`,
      `pass at most ${most} (sysctl kernel.perf_event_max_sample_rate)`,
      { cause: error },
    );
  }
  return processGone(error, description, pid);
}
