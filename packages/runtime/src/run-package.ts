import type { Writable } from "node:stream";
import { type BpfObject, type BpfSpec, open } from "@skep/bpf";
import type { Package } from "@skep/package";
import { readAnnotations } from "./annotations.ts";
import { attachAll, holdBackOptional } from "./attach-all.ts";
import { requireCapabilities } from "./capabilities.ts";
import { eventSources } from "./event-types.ts";
import { ExitCode } from "./explain.ts";
import { flagsOf } from "./flags.ts";
import { helpText, versionText } from "./help.ts";
import { openSession } from "./open-session.ts";
import { Output } from "./output.ts";
import { parseArguments, type ToolArguments } from "./parse-arguments.ts";
import { usesPrintk } from "./printk-use.ts";
import { showOptions } from "./show-options.ts";
import { Stop } from "./stop.ts";
import { summaryText } from "./summary.ts";
import { optionalPrograms, toolDescription, variableNotes } from "./tool-meta.ts";

export interface RunOptions {
  /** For help, messages and the summary. */
  readonly name: string;
  /** What followed the program on the command line. */
  readonly args: readonly string[];
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The kernel's types, for kernels that offer none. */
  readonly btf?: Uint8Array;
}

export interface RunResult {
  readonly exitCode: ExitCode;
  /** Characters of output that a stuck reader has not taken when the tool ended. */
  readonly unread: number;
}

/** How long a reader that takes nothing may hold up the end, in milliseconds. */
const LAST_WRITE = 150;

/**
 * Runs a package until somebody ends it: flags to globals, load, attach, show what arrives, and a summary at the end.
 * @throws {UsageError} {BpfError} what `explain` puts into words
 */
export async function runPackage(pkg: Package, options: RunOptions): Promise<RunResult> {
  const { name, stdout, stderr } = options;
  const { meta } = pkg;
  const spec = open(pkg.object, { name: meta.bpf_skel.obj_name === "" ? name : meta.bpf_skel.obj_name });
  const flags = flagsOf(spec.spec, variableNotes(meta));
  const args = parseArguments(flags, options.args);
  const tool = toolDescription(name, meta);
  if (args.own.has("help") || args.own.has("version")) {
    stdout.write(args.own.has("help") ? helpText(tool, flags) : versionText(tool));
    return { exitCode: ExitCode.Ok, unread: 0 };
  }
  const sources = eventSources(spec.spec, meta);
  requireCapabilities(name, spec.spec);
  const optional = optionalPrograms(meta);
  const say = (line: string) => void stderr.write(`${name}: ${line}\n`);
  using object = load(spec, args, optional, say, options.btf);
  const output = new Output(stdout);
  using session = openSession(object, {
    output,
    sources,
    annotations: readAnnotations(meta),
    printk: usesPrintk(spec.spec),
    show: showOptions(args.own),
    say,
  });
  using stop = new Stop();
  output.onClosed = () => stop.stop();

  for (const note of attachAll(object, optional)) if (args.own.has("verbose")) say(note);
  const begin = performance.now();
  if (!session.start()) say("attached, Ctrl-C ends it");
  await stop.requested;

  for (const link of object.links) link.close();
  session.finish();
  const unread = await output.finish(LAST_WRITE);
  // `| head` has what it wants: no more words.
  if (output.closed) return { exitCode: ExitCode.Ok, unread: 0 };
  if (unread > 0) say(`the last ${unread} characters found no reader`);
  const { events, lost } = session;
  stderr.write(`${summaryText(name, { events, lost, milliseconds: performance.now() - begin })}\n`);
  return { exitCode: ExitCode.Ok, unread };
}

function load(
  spec: BpfSpec,
  args: ToolArguments,
  optional: ReadonlySet<string>,
  say: (line: string) => void,
  btf: Uint8Array | undefined,
): BpfObject {
  for (const [variable, value] of args.variables) spec.variables.set(variable, value);
  holdBackOptional(spec, optional);
  return spec.load({ onWarning: say, ...(btf === undefined ? {} : { btf }) });
}
