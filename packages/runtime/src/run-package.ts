import type { Writable } from "node:stream";
import { type BpfObject, type BpfSpec, open, VerifierError } from "@skep/bpf";
import type { Package } from "@skep/package";
import { ABILITIES } from "./arguments/abilities.ts";
import { absentNotes } from "./arguments/filters.ts";
import { helpText, versionText } from "./arguments/help.ts";
import { idleSettings } from "./arguments/idle-settings.ts";
import { kernelTypes } from "./arguments/kernel-types.ts";
import { limitsOf } from "./arguments/limits.ts";
import { outputFile } from "./arguments/output-file.ts";
import { parseArguments, type ToolArguments } from "./arguments/parse-arguments.ts";
import { splitCommand } from "./arguments/split-command.ts";
import { requireCapabilities } from "./attach/capabilities.ts";
import { choiceLines, type ProgramChoice } from "./attach/program-choice.ts";
import { startPrograms } from "./attach/start-programs.ts";
import { attend, type RunResult } from "./attend.ts";
import type { ChildCommand } from "./child-command.ts";
import { type Contents, contentsOf, decide } from "./contents.ts";
import { openSession } from "./events/open-session.ts";
import { ExitCode } from "./explain.ts";
import { escapeLines, escapeText } from "./output/escape.ts";
import { Output } from "./output/output.ts";
import { StatusLine, statusTerminal } from "./output/status-line.ts";
import { disagreements, prepare } from "./prepare.ts";
import { readableMaps } from "./samples/asked-maps.ts";
import { commandVariables, processBuffers } from "./samples/processes-feed.ts";
import { globalsOf } from "./shapes/conditions.ts";
import { readTool, type Tool } from "./tool.ts";
import { UsageError } from "./usage-error.ts";

export interface RunOptions {
  /** For help, messages and the summary. */
  readonly name: string;
  /** How the package is called on the command line, `skep run opensnoop`; for the help. By default its name. */
  readonly invocation?: string;
  /** What followed the program on the command line. */
  readonly args: readonly string[];
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The kernel's types, for kernels that offer none. */
  readonly btf?: Uint8Array;
  /** Everything is loaded and attached, and events are being read. */
  onAttached?(): void;
}

/** How long a reader that takes nothing may hold up the end, in milliseconds. */
const LAST_WRITE = 150;
/** A file takes everything in the end, unless its disk is broken. */
const LAST_FILE_WRITE = 60_000;

/**
 * Runs a package until somebody ends it: flags to globals, load, attach, show what arrives, and a summary at the end.
 * @throws {UsageError} {BpfError} what `explain` puts into words
 */
export async function runPackage(pkg: Package, options: RunOptions): Promise<RunResult> {
  const { stdout, stderr } = options;
  // The package's own words, as much else that is said of it, must not control the terminal.
  const name = escapeText(options.name);
  const { invocation = name } = options;
  const { meta } = pkg;
  const spec = open(pkg.object, { name: meta.bpf_skel.obj_name === "" ? name : meta.bpf_skel.obj_name });
  const tool = readTool(name, spec.spec, pkg);
  const { args: words, command } = splitCommand(options.args);
  const said = parseArguments(tool.options, words);
  if (said.own.has("help") || said.own.has("version")) {
    const text = said.own.has("help")
      ? helpText({ ...tool.description, invocation }, tool.options)
      : versionText(tool.description);
    stdout.write(escapeLines(text));
    return { exitCode: ExitCode.Ok, unread: 0 };
  }
  using child = command === undefined ? undefined : await commandFor(tool, said, command);
  const args = child === undefined ? said : { ...said, own: new Map(said.own).set("pid", String(child.pid)) };
  const quiet = args.own.has("quiet");
  const verbose = args.own.has("verbose");
  const limits = limitsOf(args.own);
  using status = new StatusLine();
  const say = (line: string) =>
    status.aside(() => void (quiet || stderr.write(`${name}: ${escapeLines(line)}\n`)));

  const contents = await contentsOf(spec.spec, meta, args, [name, ...options.args].join(" "));
  requireProgram(name, spec, contents);
  for (const line of emptyNotes(tool, spec, contents)) say(line);
  requireCapabilities(name, spec.spec);
  for (const line of disagreements(spec, meta)) say(line);
  for (const line of idleSettings(tool.options.globals, args.variables)) say(line);
  if (child !== undefined) for (const variable of commandVariables(meta)) spec.variables.set(variable, true);
  const { choice, attachments, fill } = prepare(spec, meta, tool, args);
  const { sources, show, ...decided } = decide(contents, globalsOf(spec));
  const btf = kernelTypes(args.own.get("btf"), options.btf);
  const file = outputFile(args.own, show, stdout);
  const output = new Output(file ?? stdout);
  output.aside = (write) => status.aside(write);
  using started = await startPrograms(spec, {
    choice,
    attachments,
    load: { onWarning: say, ...(btf === undefined ? {} : { btf }) },
    open(object) {
      fill(object);
      return openSession(object, {
        ...decided,
        sources,
        show,
        output,
        stdout: file ?? stdout,
        interval: limits.interval,
        processes: processBuffers(meta),
        knowProcess: (pid) => child?.goOn(pid),
        say,
      });
    },
  }).catch((error: unknown) => {
    if (verbose && error instanceof VerifierError) stderr.write(`${escapeLines(error.log)}\n`);
    throw error;
  });
  for (const line of choiceLines(choice)) say(line);
  for (const line of absentNotes(args.own)) say(line);
  if (verbose) for (const line of attachedLines(started.object, choice)) say(line);
  // A command prints on the same terminal, and knows nothing of the status line.
  const isAlone = !quiet && child === undefined;
  return await attend(started, {
    name,
    own: args.own,
    sources,
    limits,
    output,
    lastWrite: file === undefined ? LAST_WRITE : LAST_FILE_WRITE,
    child,
    status,
    terminal: isAlone ? statusTerminal(stderr, file ?? stdout, show.output === "table") : undefined,
    stderr,
    say,
    onAttached: () => options.onAttached?.(),
  });
}

/** Maps may be filled by others, and looked at without. @throws {UsageError} when nothing is there to attach or to look at */
function requireProgram(name: string, { programs }: BpfSpec, { sampled }: Contents): void {
  if (programs.size > 0 || sampled.length > 0) return;
  throw new UsageError(
    `${name} has no program: there is nothing to attach`,
    'write SEC("…"), which says where it goes, before a function of the source',
  );
}

/** About a package that shows nothing by itself, but has maps that can be looked at. */
function emptyNotes(tool: Tool, { spec }: BpfSpec, { sampled, printk }: Contents): string[] {
  if (!tool.options.abilities.has("maps") || sampled.length > 0 || printk) return [];
  const maps = readableMaps(spec).map((map) => map.name);
  return [`shows nothing by itself; --map NAME looks at one of its maps: ${maps.join(", ")}`];
}

/** @throws {UsageError} */
async function commandFor(
  tool: Tool,
  { own }: ToolArguments,
  command: readonly string[],
): Promise<ChildCommand> {
  if (!tool.options.abilities.has("pid"))
    throw new UsageError(
      `there is nothing for a command to act on: this program ${ABILITIES.pid}`,
      "leave out what stands behind --",
    );
  if (own.has("pid"))
    throw new UsageError("--pid and a command behind -- both say which process", "leave one of them out");
  // Most runs start none, and node:child_process takes two milliseconds to load.
  const { ChildCommand } = await import("./child-command.ts");
  return new ChildCommand(command);
}

/** For `--verbose`. */
function attachedLines(object: BpfObject, choice: ProgramChoice): string[] {
  return [
    ...object.links.map(({ description }) => `attached to ${description}`),
    ...[...choice.leftOut].map(([program, why]) => `left out ${program}: ${why}`),
  ];
}
