import type { Entry } from "./map-reader.ts";

/** How the looks at one map are shown. Every way is one file that makes these. */
export interface SampleView {
  /** Printed before the first look; undefined where every look explains itself. */
  readonly header: string | undefined;
  /** The lines of one look, none when there is nothing to say. `entries` are in their order already. */
  lines(entries: readonly Entry[]): readonly string[];
}
