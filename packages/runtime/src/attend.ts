import type { Writable } from "node:stream";
import type { Limits } from "./arguments/limits.ts";
import type { OwnValues } from "./arguments/own-options.ts";
import { detach } from "./attach/detach.ts";
import type { Started } from "./attach/start-programs.ts";
import type { ChildCommand } from "./child-command.ts";
import type { EventSource } from "./events/event-types.ts";
import { walkOnce } from "./events/iterators.ts";
import type { Session } from "./events/session.ts";
import { ExitCode } from "./explain.ts";
import type { Output } from "./output/output.ts";
import type { StatusLine, StatusTerminal } from "./output/status-line.ts";
import { statusText, summaryText } from "./output/summary.ts";
import { Stop } from "./stop.ts";

/** What goes with programs at work. */
export interface Attendance {
  /** For the status line and the summary. */
  readonly name: string;
  readonly own: OwnValues;
  readonly sources: readonly EventSource[];
  readonly limits: Limits;
  readonly output: Output;
  /** How long a reader that takes nothing may hold up the end, in milliseconds. */
  readonly lastWrite: number;
  /** The command that is looked at. */
  readonly child: ChildCommand | undefined;
  readonly status: StatusLine;
  /** Where the status line goes. */
  readonly terminal: StatusTerminal | undefined;
  readonly stderr: Writable;
  /** Takes what is for people, a line each. */
  readonly say: (line: string) => void;
  /** Called when events are being read. */
  readonly onAttached: () => void;
}

export interface RunResult {
  readonly exitCode: ExitCode;
  /** Characters of output that a stuck reader has not taken when the tool ended. */
  readonly unread: number;
}

/** Lets programs report until the run ends: by itself, by its limits, with its command or its reader, or by a signal. */
export async function attend(
  { object, session }: Started<Session>,
  attendance: Attendance,
): Promise<RunResult> {
  const { name, own, limits, output, child, status, say } = attendance;
  using stop = new Stop(limits.duration);
  output.onClosed = () => stop.stop();
  if (limits.count !== undefined) session.stopAfter(limits.count, () => stop.stop());
  const begin = performance.now();
  const done = walkOnce(object, attendance.sources, (line) => output.line(line));
  if (!session.start() && !done) say("attached, Ctrl-C ends it");
  attendance.onAttached();
  if (done) stop.stop();
  let ended: number | undefined;
  const tally = (lost: bigint) => {
    const { events, looks } = session;
    return { events, looks, lost, milliseconds: (ended ?? performance.now()) - begin };
  };
  status.start(attendance.terminal, () => statusText(name, tally(session.lostSeen), limits.duration));
  void child?.ended.then((line) => {
    if (line !== undefined) say(line);
    stop.stop();
  });
  child?.go();
  await stop.requested;
  status[Symbol.dispose]();

  // Taking programs off may last seconds: no part of the run.
  ended = performance.now();
  session.finish(() => detach(object.links, say));
  const unread = await output.finish(attendance.lastWrite);
  // `| head` has what it wants: no more words.
  if (output.closed) return { exitCode: ExitCode.Ok, unread: 0 };
  for (const line of omissions(session, unread)) say(line);
  if (!own.has("quiet")) attendance.stderr.write(`${summaryText(name, tally(session.lost))}\n`);
  const failed = session.lost > 0n && own.has("fail-on-loss");
  return { exitCode: failed ? ExitCode.Loss : ExitCode.Ok, unread };
}

/** What was there to show and was not shown. @param unread characters that were written and not taken */
function omissions({ leftOut }: Session, unread: number): string[] {
  return [
    ...(unread > 0 ? [`the last ${unread} characters found no reader`] : []),
    ...(leftOut > 0 ? [`${leftOut} rows were too many to sort: the first ones of the order are shown`] : []),
  ];
}
