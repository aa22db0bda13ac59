import type { Flag } from "./flags.ts";
import { OWN_OPTIONS } from "./own-options.ts";

/** What a package says about itself (`LICENSE`'s doc comment). */
export interface ToolDescription {
  readonly name: string;
  readonly about: string | undefined;
  readonly details: string | undefined;
  readonly version: string | undefined;
}

/** The text of `--help`. */
export function helpText(tool: ToolDescription, flags: readonly Flag[]): string {
  const rows = [...flags.map(flagRow), ...ownRows(flags)];
  const width = Math.max(...rows.map(({ left }) => left.length));
  const sections = [
    tool.about ?? "An eBPF program.",
    `Usage: ${tool.name} [OPTIONS]`,
    `Options:\n${rows.map(({ left, help }) => `${left.padEnd(width)}    ${help}`).join("\n")}`,
  ];
  if (tool.details !== undefined) sections.push(tool.details);
  return `${sections.join("\n\n")}\n`;
}

/** The text of `--version`. */
export function versionText(tool: ToolDescription): string {
  return `${tool.name} ${tool.version ?? "0.1.0"}\n`;
}

interface Row {
  readonly left: string;
  readonly help: string;
}

function flagRow(flag: Flag): Row {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const fallback = flag.override ?? flag.initial;
  if (flag.shape.kind === "bool") {
    const on = fallback === "true";
    const prefix = on ? "disable-" : flag.spelling === "enable" ? "enable-" : "";
    return {
      left: `  ${short}--${prefix}${flag.name}`,
      help: on ? `${flag.help} [default: true]` : flag.help,
    };
  }
  const shown = fallback === undefined && flag.shape.kind === "integer" ? "0" : fallback;
  const note = shown === undefined || shown === "" ? "" : ` [default: ${shown}]`;
  return { left: `  ${short}--${flag.name} <${flag.name}>`, help: `${flag.help}${note}` };
}

/** An option of ours is not listed where the tool has a flag of that name, nor its letter where the tool uses it. */
function ownRows(flags: readonly Flag[]): Row[] {
  return OWN_OPTIONS.filter(({ name }) => flags.every((flag) => flag.name !== name)).map(
    ({ name, short, value, help }) => {
      const free = short !== undefined && flags.every((flag) => flag.short !== short);
      const shown = value === undefined ? "" : ` <${value}>`;
      return { left: `  ${free ? `-${short}, ` : "    "}--${name}${shown}`, help };
    },
  );
}
