import type { BpfValue } from "@skep/bpf";
import { type Format, jsonFormatOf } from "./format-value.ts";
import type { Shape } from "./shape.ts";

/** One JSON object per event, members in the struct's order, on one line. */
export class JsonLines {
  readonly #format: Format;
  readonly #prefix: string;

  /** `label` becomes a first member `buffer`, where several buffers share the output. */
  constructor(shape: Shape, label?: string) {
    this.#format = jsonFormatOf(shape);
    this.#prefix = label === undefined ? "" : `{"buffer":${JSON.stringify(label)},`;
  }

  /** One line, without line feed. */
  row(event: BpfValue): string {
    const text = this.#format(event);
    return this.#prefix !== "" && text.startsWith('{"') ? this.#prefix + text.slice(1) : text;
  }
}
