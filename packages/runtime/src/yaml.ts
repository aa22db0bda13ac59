import type { BpfValue } from "@skep/bpf";
import { jsonFormatOf } from "./format-value.ts";
import { lossJson, timeName } from "./json-lines.ts";
import { type Loss, type Selection, shapeOfColumns, type View, type Views } from "./view.ts";

/**
 * A YAML list, one item for each event: whatever part of it has arrived is a list by itself. Values are raw, texts in
 * quotes, structs and arrays in flow style, all of which is JSON and so YAML 1.2.
 */
export function yaml(selections: readonly Selection[]): Views {
  return { views: selections.map(viewOf), lost: lossYaml };
}

function lossYaml(loss: Loss): string {
  return `- ${lossJson(loss)}`;
}

function viewOf({ kind, columns, stamp, label }: Selection): View {
  const shape = shapeOfColumns(kind.shape, columns);
  const members =
    shape.kind === "struct"
      ? shape.members.map((member) => ({
          name: member.name,
          value: (event: BpfValue) => (event as { readonly [member: string]: BpfValue })[member.name] ?? 0,
          json: jsonFormatOf(member.shape),
        }))
      : [{ name: "value", value: (event: BpfValue) => event, json: jsonFormatOf(shape) }];
  const named = label === undefined ? "" : `\n  buffer: ${JSON.stringify(label)}`;
  const time = timeName(kind.columns.map(({ name }) => name));
  return {
    header: undefined,
    row(event) {
      let text = stamp === undefined ? named : `\n  ${time}: ${stamp.json(event)}${named}`;
      for (const { name, value, json } of members) text += `\n  ${name}: ${json(value(event))}`;
      return text === "" ? "- {}" : `- ${text.slice(3)}`;
    },
  };
}
