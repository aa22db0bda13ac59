import { createHash } from "node:crypto";
import { escapeMarkup } from "../output/markup.ts";
import { whenText } from "../output/pictured-run.ts";
import { BODY, SCRIPT, STYLE } from "./flame-page.ts";
import { flameTree } from "./flame-tree.ts";
import type { FoldedStack } from "./folded.ts";
import { FRAME_KINDS, type Profile } from "./profile.ts";

/**
 * A flame graph as one HTML file that needs nothing else: zoom by click, search, colours by what the code is.
 * @param before stacks of another run: the picture then shows by its colours what has become more and what less
 */
export function flameGraph(profile: Profile, before?: readonly FoldedStack[]): string {
  const type = profile.types[profile.main];
  const data = {
    title: profile.title,
    run: whenText(profile),
    unit: type === undefined || type.unit === "count" ? (type?.name ?? "samples") : type.unit,
    kinds: FRAME_KINDS,
    differential: before !== undefined,
    root: flameTree(profile, before),
  };
  // Nothing but these two counts, whatever the page is made to hold.
  const policy = `default-src 'none'; style-src ${sourceOf(STYLE)}; script-src ${sourceOf(SCRIPT)}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeMarkup(profile.title)}</title>
<style>${STYLE}</style>
${BODY}
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${SCRIPT}</script>
</html>`;
}

/** Names come from traced programs: none of them may end the element that it stands in. */
function scriptJson(data: unknown): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028");
}

/** A source of scripts or styles by what it says (https://www.w3.org/TR/CSP3/#grammardef-hash-source). */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
