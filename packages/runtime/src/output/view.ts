import type { BpfValue } from "@skep/bpf";
import type { ViewText } from "@skep/package";
import type { Shape } from "../shapes/shape.ts";
import type { Column } from "./columns.ts";
import type { Stamp } from "./timeline.ts";

/** One kind of event: what it is and where it comes from. */
export interface EventKind {
  /** The buffer, or `printk`. */
  readonly source: string;
  /** What such an event is called where there are several kinds. */
  readonly name: string;
  readonly shape: Shape;
  /** All that may be shown, in the order of the struct. */
  readonly columns: readonly Column[];
  /** The member that says when it happened, whether shown or not. */
  readonly time?: Column | undefined;
  /** The text after the struct's `@view`. */
  readonly layout?: string | undefined;
  /** Makes the event of the shape above from what was decoded, where that is not the same. */
  readonly gather?: (event: BpfValue) => BpfValue;
  /** What records are that should not be there: of none of a buffer's types. */
  readonly stray?: boolean;
}

/** How one kind of event is shown. Every way to show is one file that makes these. */
export interface View {
  /** Printed before the first row; undefined where rows explain themselves. Kinds with the same header share it. */
  readonly header: string | undefined;
  /** One event, without the last line feed. */
  row(event: BpfValue): string;
}

/** What a view shows of a kind. */
export interface Selection {
  readonly kind: EventKind;
  /** The columns to show, in order. */
  readonly columns: readonly Column[];
  /** Set when events are lines of text in place of columns. */
  readonly rows?: Extract<ViewText, { kind: "rows" }> | undefined;
  /** When the event happened; undefined when nobody wants to know. */
  readonly stamp: Stamp | undefined;
  /** Names the kind in every row, where there are several. */
  readonly label: string | undefined;
}

/** Events that were lost, between two points in time in nanoseconds since 1970. */
export interface Loss {
  readonly count: bigint;
  readonly since: bigint;
  readonly until: bigint;
  /** Where there was no room: `ring buffer events was full`. */
  readonly cause: string;
}

/** A way to show events of several kinds on one output. */
export interface Views {
  /** In the order of the selections. */
  readonly views: readonly View[];
  /** A loss among the rows. */
  lost(loss: Loss): string;
}
