import type { BpfObject } from "@skep/bpf";
import { isJsonObject, type PackageMeta } from "@skep/package";
import type { SampledMap } from "../samples/sampled-maps.ts";
import type { ShownSample } from "../samples/shown-sample.ts";
import type { Annotations } from "../shapes/annotations.ts";
import type { Shape } from "../shapes/shape.ts";
import { looksLikeTrace } from "../shapes/trace-members.ts";
import type { ColumnOptions } from "./columns.ts";
import type { EventKind, View } from "./view.ts";

/** Names for addresses, and the views that need them. */
export interface Naming {
  /** `function+0x12`, undefined when unknown. */
  kernelSymbol(address: bigint): string | undefined;
  /** One line for each frame. */
  stackFrames(
    kind: "kernel" | "user",
    addresses: readonly bigint[],
    pid: number | undefined,
  ): readonly string[];
  /** The view of a buffer whose records are stack traces; undefined for other buffers. */
  showTraces(kind: EventKind): View | undefined;
  /** Reads what a process has mapped, for when it is gone. */
  remember(pid: number): void;
  showStacks(
    object: BpfObject,
    sampled: SampledMap,
    shapes: { readonly key: Shape; readonly value: Shape },
    options: ColumnOptions,
  ): Pick<ShownSample, "kind" | "records" | "table" | "stacks">;
}

/** Reads what names addresses, for packages that show any: others start without it. */
export async function namingFor(
  meta: PackageMeta,
  annotations: Annotations,
  sampled: readonly SampledMap[],
): Promise<Naming | undefined> {
  if (!showsAddresses(meta, annotations, sampled)) return undefined;
  const [{ Symbolizer, symbolText }, { showStacks }, { stackTraceNotes, stackTraceView, traceNoteOf }] =
    await Promise.all([
      import("@skep/symbols"),
      import("../samples/stacks-view.ts"),
      import("./stack-traces.ts"),
    ]);
  const symbols = new Symbolizer();
  const traces = stackTraceNotes(meta);
  return {
    kernelSymbol(address) {
      const [symbol] = symbols.kernel([address]);
      return symbol?.kind === "found" ? symbolText(symbol) : undefined;
    },
    stackFrames(kind, addresses, pid) {
      const [frames = []] =
        kind === "kernel" ? symbols.kernelStacks([addresses]) : symbols.userStacks(pid ?? 0, [addresses]);
      return frames.map(symbolText);
    },
    showTraces(kind) {
      const note = traceNoteOf(kind, traces);
      return note && stackTraceView(kind, note, symbols);
    },
    remember: (pid) => void symbols.remember(pid),
    showStacks: (object, map, shapes, options) => showStacks(object, map, shapes, options, symbols),
  };
}

function showsAddresses(
  meta: PackageMeta,
  annotations: Annotations,
  sampled: readonly SampledMap[],
): boolean {
  const formats = [
    ...[...annotations.values()].flatMap(({ members }) => [...members.values()].map(({ format }) => format)),
    ...sampled.flatMap(({ keyFormat, valueFormat }) => [keyFormat, valueFormat]),
  ];
  return (
    sampled.some(({ show }) => show === "stacks") ||
    formats.some((format) => /^(?:ksym|stack)\b/.test(format ?? "")) ||
    meta.bpf_skel.maps.some(({ intepreter }) => isJsonObject(intepreter)) ||
    (meta.export_types ?? []).some(({ members }) => looksLikeTrace(members))
  );
}
