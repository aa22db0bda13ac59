import type { ShowOptions } from "../arguments/show-options.ts";
import { applyFields, checkColumns } from "./fields.ts";
import { layoutOf } from "./layout.ts";
import type { Timeline } from "./timeline.ts";
import type { EventKind, Selection } from "./view.ts";

export interface SelectOptions extends Pick<ShowOptions, "output" | "timestamp" | "fields"> {
  readonly timeline: Timeline;
  /** Takes complaints about `@view`. */
  readonly warn?: (line: string) => void;
}

/**
 * Chooses what is shown of each kind of event, all kinds being shown on one output.
 * @throws {UsageError} for a field that no kind has
 */
export function select(kinds: readonly EventKind[], options: SelectOptions): Selection[] {
  const { fields, output, timestamp, timeline, warn = () => {} } = options;
  if (fields !== undefined) {
    const names = [...fields.only, ...fields.without, ...fields.more];
    checkColumns(
      "fields",
      names,
      kinds.map(({ columns }) => columns),
    );
  }
  const several = new Set(kinds.map(({ name }) => name)).size > 1;
  return kinds.map((kind) => {
    // Machines get every member, people what is meant for their eyes.
    const layout =
      output === "table" ? layoutOf(kind.layout, kind.columns, warn, kind.shape) : { columns: kind.columns };
    const timed = timestamp !== undefined || output === "table";
    return {
      kind,
      columns: fields === undefined ? layout.columns : applyFields(fields, kind.columns, layout.columns),
      rows: fields === undefined ? layout.rows : undefined,
      stamp: timed ? timeline.stamp(timestamp, kind.time) : undefined,
      label: several ? kind.name : undefined,
    };
  });
}
