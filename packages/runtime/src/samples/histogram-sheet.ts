import type { Line } from "../output/output.ts";
import type { PicturedRun } from "../output/pictured-run.ts";
import type { HistogramGroup } from "./histogram-picture.ts";

/** Draws histograms of a run; the title of it is known. */
export type DrawHistograms = (
  groups: readonly HistogramGroup[],
  run: Pick<PicturedRun, "begin" | "duration">,
) => string;

/** What several maps give in turn: one picture, there when the last of them has. */
export class HistogramSheet {
  readonly #maps: number;
  readonly #draw: DrawHistograms;
  readonly #begin = Date.now();
  readonly #groups: HistogramGroup[] = [];

  constructor(maps: number, draw: DrawHistograms) {
    this.#maps = maps;
    this.#draw = draw;
  }

  add(group: HistogramGroup): readonly Line[] {
    this.#groups.push(group);
    if (this.#groups.length < this.#maps) return [];
    const run = { begin: this.#begin, duration: Date.now() - this.#begin };
    return [this.#draw(this.#groups, run)];
  }
}
