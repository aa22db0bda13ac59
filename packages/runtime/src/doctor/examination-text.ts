import type { Chapter, Examination } from "./examine.ts";
import type { Finding } from "./finding.ts";

/** Long lists of the same kind are told as what is missing from them. */
const LISTS = new Set(["Program types", "Map types", "Features"]);

/** The examination for people. */
export function examinationText({ release, machine, chapters }: Examination): string {
  const width = Math.max(
    ...chapters
      .filter(({ title }) => !LISTS.has(title))
      .flatMap(({ findings }) => findings.map(({ name }) => name.length)),
  );
  const parts = chapters.map((chapter) =>
    LISTS.has(chapter.title) ? listText(chapter, width) : tableText(chapter, width),
  );
  return `Linux ${release} on ${machine}\n\n${parts.join("\n")}`;
}

function tableText({ title, findings }: Chapter, width: number): string {
  return `${title}\n${findings.map((finding) => row(finding, width)).join("")}`;
}

function row({ name, state, text, next }: Finding, width: number): string {
  const indent = " ".repeat(width + 13);
  const line = `  ${name.padEnd(width)}  ${state.padEnd(7)}  ${text}`.trimEnd();
  return `${line}\n${next === undefined ? "" : `${indent}${next}\n`}`;
}

function listText({ title, findings }: Chapter, width: number): string {
  const of = (state: Finding["state"]) => findings.filter((finding) => finding.state === state);
  const missing = of("no").map(({ name, text }) => `${name} (${text})`);
  const hidden = of("unknown").length;
  const rest = [
    missing.length === 0 ? "" : `without ${missing.join(", ")}`,
    hidden === 0 ? "" : `${hidden} that this process may not find out`,
  ].filter((text) => text !== "");
  const count = `${of("yes").length} of ${findings.length}`;
  return `${title}\n  ${count.padEnd(width)}  ${rest.join("; ")}`.trimEnd().concat("\n");
}

/** The same for machines: findings by chapter and name. */
export function examinationJson({ release, machine, chapters }: Examination): string {
  const named = chapters.map(({ title, findings }) => [
    title.toLowerCase().replaceAll(" ", "_"),
    Object.fromEntries(findings.map(({ name, ...rest }) => [name, rest])),
  ]);
  return JSON.stringify({ release, machine, ...(Object.fromEntries(named) as object) });
}
