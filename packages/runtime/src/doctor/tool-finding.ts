import { hostKernel, missingCapabilities, open, PermissionError, type ProgramSpec } from "@skep/bpf";
import type { Package } from "@skep/package";
import { parseArguments } from "../arguments/parse-arguments.ts";
import { requireCapabilities } from "../attach/capabilities.ts";
import { obstacleTo } from "../attach/obstacle.ts";
import { choiceLines, type ProgramChoice } from "../attach/program-choice.ts";
import { startPrograms } from "../attach/start-programs.ts";
import { explain } from "../explain.ts";
import { prepare } from "../prepare.ts";
import { readTool, type Tool } from "../tool.ts";
import { UsageError } from "../usage-error.ts";
import type { Finding } from "./finding.ts";

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Whether a package runs here: it is loaded and attached for a moment, where this process may do that. */
export async function toolFinding(name: string, pkg: Package): Promise<Finding> {
  try {
    const spec = open(pkg.object, { name });
    const tool = readTool(name, spec.spec, pkg);
    if (missingCapabilities().length > 0) return byProbes(name, spec.spec.programs, tool);
    requireCapabilities(name, spec.spec);
    const { choice, attachments } = prepare(spec, pkg.meta, tool, parseArguments(tool.options, []));
    const load = { onWarning: () => {} };
    const start = { choice, attachments, load, open: () => NOTHING };
    (await startPrograms(spec, start))[Symbol.dispose]();
    return runs(name, choice);
  } catch (error) {
    return fails(name, error);
  }
}

function runs(name: string, choice: ProgramChoice): Finding {
  const lower = choice.rungs.filter(({ passed }) => passed.length > 0);
  if (lower.length === 0) return { name, state: "yes", text: "runs" };
  return {
    name,
    state: "limited",
    text: `runs with ${lower.map(({ rung }) => rung.name).join(", ")}: ${choiceLines(choice).join("; ")}`,
    value: lower.map(({ ladder, rung }) => `${ladder.name}/${rung.name}`),
  };
}

function fails(name: string, error: unknown): Finding {
  if (error instanceof UsageError) return { name, state: "yes", text: `runs, when told more: ${error.next}` };
  const { lines } = explain(error);
  const [text = "", ...next] = lines;
  const state = error instanceof PermissionError ? "unknown" : "no";
  return { name, state, text, ...(next.length === 0 ? {} : { next: next.at(-1) ?? "" }) };
}

/** What can be said without loading anything. */
function byProbes(name: string, programs: readonly ProgramSpec[], tool: Tool): Finding {
  const onLadder = new Set(
    [...tool.ladders, ...tool.twins].flatMap(({ rungs }) => rungs.flatMap((rung) => rung.programs)),
  );
  for (const program of programs) {
    if (tool.optional.has(program.name) || onLadder.has(program.name)) continue;
    const obstacle = obstacleTo(hostKernel(), program);
    if (obstacle !== undefined) return { name, state: "no", text: `this kernel ${obstacle}` };
  }
  const missing = missingCapabilities().join(" and ");
  return {
    name,
    state: "unknown",
    text: `nothing speaks against it but that ${missing} ${missing.includes(" and ") ? "are" : "is"} missing`,
    next: "run with sudo",
  };
}
