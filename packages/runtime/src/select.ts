import type { Column } from "./columns.ts";
import type { ShowOptions } from "./show-options.ts";
import type { Timeline } from "./timeline.ts";
import type { EventKind, Selection } from "./view.ts";

export interface SelectOptions extends ShowOptions {
  readonly timeline: Timeline;
}

/** Chooses what is shown of each kind of event, all kinds being shown on one output. */
export function select(kinds: readonly EventKind[], options: SelectOptions): Selection[] {
  const several = new Set(kinds.map(({ name }) => name)).size > 1;
  return kinds.map((kind) => ({
    kind,
    columns: columnsFor(kind, options),
    stamp: stampFor(kind, options),
    label: several ? kind.name : undefined,
  }));
}

/** For people without what is hidden, and without the event's own time where it is in front of the row. */
function columnsFor({ columns }: EventKind, { output }: SelectOptions): readonly Column[] {
  return output === "table" ? columns.filter(({ hidden, time }) => !hidden && time === undefined) : columns;
}

function stampFor({ time }: EventKind, { output, timestamp, timeline }: SelectOptions) {
  return timestamp === undefined && output !== "table" ? undefined : timeline.stamp(timestamp, time);
}
