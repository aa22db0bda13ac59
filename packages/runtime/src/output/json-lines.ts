import type { BpfValue } from "@skep/bpf";
import { isoText } from "./clock-text.ts";
import { escapeJson } from "./escape.ts";
import { eventJson } from "./event-json.ts";
import type { Loss, Selection, View, Views } from "./view.ts";

/** One JSON object per event on one line: values for machines, members in the struct's order. */
export function jsonLines(selections: readonly Selection[]): Views {
  return { views: selections.map(viewOf), lost: lossJson };
}

/** A record among the events: `{"type":"lost","count":12,…}`. */
export function lossJson({ count, since, until, cause }: Loss): string {
  const text = JSON.stringify({ since: isoText(since), until: isoText(until), cause });
  return `{"type":"lost","count":${count},${text.slice(1)}`;
}

function viewOf({ kind, columns, stamp, label }: Selection): View {
  const json = eventJson(kind.shape, columns);
  const named = label === undefined ? "" : `"buffer":${escapeJson(JSON.stringify(label))},`;
  const timeKey = JSON.stringify(timeName(kind.columns.map(({ name }) => name)));
  if (stamp === undefined && named === "") return { header: undefined, row: json };
  const head = (event: BpfValue) =>
    stamp === undefined ? named : `${timeKey}:${stamp.json(event)},${named}`;
  return { header: undefined, row: (event) => joined(head(event), json(event)) };
}

/** An event that is no object becomes the member `value`. */
function joined(head: string, json: string): string {
  if (json === "{}") return `{${head.slice(0, -1)}}`;
  return json.startsWith("{") ? `{${head}${json.slice(1)}` : `{${head}"value":${json}}`;
}

/** What the time of an event is called, where the event may have a member of that name already. */
export function timeName(members: readonly string[]): string {
  let name = "time";
  while (members.includes(name)) name = `_${name}`;
  return name;
}
