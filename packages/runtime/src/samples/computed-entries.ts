import type { BpfValue } from "@skep/bpf";
import { type Annotations, NO_ANNOTATIONS } from "../shapes/annotations.ts";
import { computedMembers, computedValues } from "../shapes/computed.ts";
import type { Shape } from "../shapes/shape.ts";
import type { Entry } from "./map-reader.ts";

/** What `@computed` of the struct that a map holds adds to its values. */
export interface ComputedEntries {
  /** Of the values with what is computed. */
  readonly shape: Shape;
  add(entries: readonly Entry[]): readonly Entry[];
}

/** @param value what the map holds; of values that are no struct, or have no `@computed`, nothing changes */
export function computedEntries(value: Shape, annotations: Annotations = NO_ANNOTATIONS): ComputedEntries {
  const computed =
    value.kind === "struct" && value.name !== undefined ? annotations.get(value.name)?.computed : undefined;
  if (value.kind !== "struct" || computed === undefined) return { shape: value, add: (entries) => entries };
  return {
    shape: { ...value, members: [...value.members, ...computedMembers(computed)] },
    add: (entries) =>
      entries.map((entry) => {
        const struct = entry.value as { readonly [member: string]: BpfValue };
        return {
          ...entry,
          value: Object.assign(Object.create(null), struct, computedValues(computed, struct)),
        };
      }),
  };
}
