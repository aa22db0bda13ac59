import { BPF_MAP_TYPE_STACK_TRACE, type BpfSpec } from "@skep/bpf";

/** What kernel.perf_event_max_stack is on a machine that nobody has tuned: no stack is deeper. */
const FRAMES = 127;
const ADDRESS = 8;
const STACKS = 16_384;

/**
 * Maps of stacks whose size the source leaves to whoever loads them, as programs of libbpf-tools do: as deep as the kernel looks,
 * and with room for what a busy machine shows in minutes.
 */
export function sizeStackMaps(spec: BpfSpec): void {
  for (const wishes of spec.maps.values()) {
    if (wishes.type !== BPF_MAP_TYPE_STACK_TRACE) continue;
    if (wishes.valueSize === 0) wishes.valueSize = FRAMES * ADDRESS;
    if (wishes.maxEntries === 0) wishes.maxEntries = STACKS;
  }
}
