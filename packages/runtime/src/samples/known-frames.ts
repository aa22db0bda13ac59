import type { Symbolized } from "@skep/symbols";

type Frames = readonly Symbolized[];

/** Stacks of processes whose frames are remembered. */
const MOST = 65_536;

/**
 * Names that were found for stacks: a process may be gone when its stack is shown again. Where some are missing, a later answer
 * with more names takes the place of an earlier one.
 */
export class KnownFrames {
  readonly #known = new Map<string, { readonly frames: Frames; readonly missing: number }>();

  /** Undefined for a stack that should be asked about. */
  complete(id: string): Frames | undefined {
    const known = this.#known.get(id);
    return known?.missing === 0 ? known.frames : undefined;
  }

  /** The better of an answer and those before it. */
  best(id: string, frames: Frames): Frames {
    const missing = frames.filter(({ kind }) => kind === "missing").length;
    const known = this.#known.get(id);
    if (known !== undefined && known.missing <= missing) return known.frames;
    this.#known.delete(id);
    this.#known.set(id, { frames, missing });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
    return frames;
  }
}

/** What the kernel calls between an event and a program that looks at it; a program's own frame, too. */
const TRACING =
  /^(?:bpf_prog_|bpf_trace_run|bpf_get_stack|__bpf_get_stack|__bpf_trace_|__traceiter_|bpf_overflow_handler|trace_call_bpf|perf_trace_|trace_event_|___?bpf_prog_run)/;

/** A stack of the kernel without those frames: they tell about the tool and not about what it looks at. */
export function withoutTracing(frames: Frames): Frames {
  const begin = frames.findIndex((frame) => frame.kind === "missing" || !TRACING.test(frame.name));
  return begin < 0 ? frames : frames.slice(begin);
}
