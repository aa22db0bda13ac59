import { type BpfObject, UnsupportedError } from "@skep/bpf";
import type { Annotations } from "./annotations.ts";
import type { EventSource } from "./event-types.ts";
import { bufferFeed, printkFeed } from "./feed.ts";
import { checkColumns } from "./fields.ts";
import { HostMachine } from "./formats/host-machine.ts";
import { kindsOf, printkKind } from "./kinds.ts";
import type { Output } from "./output.ts";
import { select } from "./select.ts";
import { Session } from "./session.ts";
import type { ShowOptions } from "./show-options.ts";
import type { SortKey } from "./sort.ts";
import { SortedRows } from "./sorted-rows.ts";
import { Timeline } from "./timeline.ts";
import type { EventKind, View } from "./view.ts";
import { viewsOf } from "./views.ts";

export interface SessionOptions {
  readonly output: Output;
  readonly sources: readonly EventSource[];
  readonly annotations: Annotations;
  /** Show what the programs print. */
  readonly printk: boolean;
  readonly show: ShowOptions;
  /** Takes warnings, one line each. */
  readonly say: (line: string) => void;
}

/**
 * Everything from the object's buffers to the output.
 * @throws {UsageError} for columns and filters that do not fit; {SyscallError} {NotImplementedError}
 */
export function openSession(object: BpfObject, options: SessionOptions): Session {
  const { output, sources, annotations, printk, show, say } = options;
  const machine = new HostMachine();
  const timeline = new Timeline(machine);
  const columnOptions = { machine, btf: object.btf, annotations, warn: say };
  const kindsBySource = sources.map((source) => kindsOf(object.btf, source, columnOptions));
  if (printk) kindsBySource.push([printkKind(columnOptions)]);
  const kinds = kindsBySource.flat();
  const { views, lost } = viewsOf(show.output, select(kinds, { ...show, timeline, warn: say }));
  const filters = show.filter?.(kinds, say) ?? [];

  const session = new Session({ output, timeline, lost, sorted: sortedRows(show.sort, kinds, views) });
  const takers = views.map((view, index) => session.taker(view, filters[index]));
  const takersOf = (index: number) => kindsBySource[index]!.map(() => takers.shift()!);
  try {
    sources.forEach((source, index) => {
      session.add(bufferFeed(object, source, takersOf(index)));
    });
    if (printk) addPrintk();
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
  return session;

  /** A program that also prints works without its lines being shown. */
  function addPrintk(): void {
    try {
      session.add(printkFeed(object, takers.shift()!));
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      say(`${error.message}: ${error.next}`);
    }
  }
}

function sortedRows(
  keys: readonly SortKey[],
  kinds: readonly EventKind[],
  views: readonly View[],
): SortedRows | undefined {
  if (keys.length === 0) return undefined;
  const columns = kinds.map((kind) => kind.columns);
  checkColumns(
    "sort",
    keys.map(({ column }) => column),
    columns,
  );
  return new SortedRows(keys, new Map(views.map((view, index) => [view, columns[index] ?? []])));
}
