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
          text: (event: BpfValue) => (event as { readonly [member: string]: BpfValue })[member.name] ?? 0,
          json: jsonFormatOf(member.shape),
        }))
      : [{ name: "value", text: (event: BpfValue) => event, json: jsonFormatOf(shape) }];
  const time = timeName(kind.columns.map(({ name }) => name));
  return {
    header: undefined,
    row(event) {
      const lines = [
        ...(stamp === undefined ? [] : [`${time}: ${stamp.json(event)}`]),
        ...(label === undefined ? [] : [`buffer: ${JSON.stringify(label)}`]),
      ];
      for (const { name, text, json } of members) lines.push(`${name}: ${json(text(event))}`);
      return lines.length === 0 ? "- {}" : `- ${lines.join("\n  ")}`;
    },
  };
}
