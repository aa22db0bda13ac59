import type { BpfValue } from "@skep/bpf";
import type { Struct } from "../formats/format.ts";
import { escapeJson } from "./escape.ts";
import { eventJson, memberTexts } from "./event-json.ts";
import { lossJson, timeName } from "./json-lines.ts";
import type { Loss, Selection, View, Views } from "./view.ts";

/**
 * A YAML list, one item for each event: whatever part of it has arrived is a list by itself. Values are those of JSON, texts in
 * quotes, structs and arrays in flow style, all of which is JSON and so YAML 1.2.
 */
export function yaml(selections: readonly Selection[]): Views {
  return { views: selections.map(viewOf), lost: lossYaml };
}

function lossYaml(loss: Loss): string {
  return `- ${lossJson(loss)}`;
}

/** In quotes where readers of YAML 1.1 or 1.2 would take it for something else than text. */
function keyText(name: string): string {
  const plain = /^[A-Za-z_]\w*$/.test(name) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(name);
  return plain ? name : escapeJson(JSON.stringify(name));
}

function viewOf({ kind, columns, stamp, label }: Selection): View {
  const { shape } = kind;
  const members =
    shape.kind === "struct"
      ? memberTexts(shape, columns).map(({ name, format }) => ({
          name: keyText(name),
          text: (event: BpfValue) => format((event as Struct)[name] ?? 0, event as Struct),
        }))
      : [{ name: "value", text: eventJson(shape, columns) }];
  const named = label === undefined ? "" : `\n  buffer: ${escapeJson(JSON.stringify(label))}`;
  const time = timeName(kind.columns.map(({ name }) => name));
  return {
    header: undefined,
    row(event) {
      let text = stamp === undefined ? named : `\n  ${time}: ${stamp.json(event)}${named}`;
      for (const member of members) text += `\n  ${member.name}: ${member.text(event)}`;
      return text === "" ? "- {}" : `- ${text.slice(3)}`;
    },
  };
}
