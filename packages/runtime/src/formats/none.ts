import type { BpfValue } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";
import type { Format } from "./format.ts";
import { integerOf } from "./numbers.ts";

/** `@none NUMBER`: the format of values of which this one says that there is none. People see an empty cell, machines `null`. */
export function withNone(format: Format, shape: Shape, none: number): Format {
  const isNone = (value: BpfValue) => Number(integerOf(value)) === none;
  const written = format.written ?? { shape, value: (value: BpfValue) => value };
  return {
    ...format,
    text: (value, record) => (isNone(value) ? "" : format.text(value, record)),
    written: {
      shape: written.shape,
      value: (value, record) => (isNone(value) ? null : written.value(value, record)),
      optional: true,
    },
  };
}
