import {
  BpfError,
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  PermissionError,
  RelocationError,
  UnsupportedError,
  VerifierError,
} from "@skep/bpf";
import { TransferError } from "@skep/package";
import { escapeLines } from "./output/escape.ts";
import { UsageError } from "./usage-error.ts";

/** Exit codes, those above 1 as in sysexits.h. */
export const ExitCode = {
  Ok: 0,
  Failure: 1,
  Usage: 64,
  BadData: 65,
  NoInput: 66,
  Unsupported: 69,
  Bug: 70,
  /** EX_IOERR: the output cannot be written. */
  Output: 74,
  /** EX_TEMPFAIL: `--fail-on-loss`, and events were lost. */
  Loss: 75,
  Permission: 77,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface Explanation {
  /** Cause first, then what to do; a verifier error has the lines that matter in between. */
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

/** Says in words what went wrong, whose doing it is (the kernel's, the user's, ours), and what to do; harmless to a terminal. */
export function explain(error: unknown): Explanation {
  const { lines, exitCode } = explained(error);
  return { lines: lines.map(escapeLines), exitCode };
}

function explained(error: unknown): Explanation {
  if (error instanceof UsageError)
    return { lines: withNext(error.message, error.next), exitCode: ExitCode.Usage };
  if (error instanceof VerifierError) return { lines: verifierLines(error), exitCode: ExitCode.Unsupported };
  if (error instanceof PermissionError)
    return { lines: [withNext(error.message, error.next).join(": ")], exitCode: ExitCode.Permission };
  if (error instanceof BpfError)
    return { lines: withNext(error.message, asOption(error.next)), exitCode: exitCodeOf(error) };
  const errno = fileErrorCode(error);
  if (errno === "ENOENT") return { lines: [messageOf(error)], exitCode: ExitCode.NoInput };
  if (errno === "EACCES" || errno === "EPERM")
    return { lines: [messageOf(error)], exitCode: ExitCode.Permission };
  if (errno === "ENOSPC" || errno === "EDQUOT" || errno === "EFBIG")
    return {
      lines: [`cannot write: ${messageOf(error)}`, "make room, or write elsewhere"],
      exitCode: ExitCode.Output,
    };
  if (errno !== undefined) return { lines: [messageOf(error)], exitCode: ExitCode.Failure };
  return {
    lines: [
      `${messageOf(error)} (this is a mistake in skep)`,
      "report it together with the output of --verbose",
    ],
    exitCode: ExitCode.Bug,
  };
}

function exitCodeOf(error: BpfError): ExitCode {
  if (error instanceof TransferError) return transferExitCode(error);
  const lacking = [UnsupportedError, NotFoundError, RelocationError];
  if (lacking.some((kind) => error instanceof kind)) return ExitCode.Unsupported;
  if (error instanceof MalformedError) return ExitCode.BadData;
  if (error instanceof InvalidArgumentError) return ExitCode.Usage;
  return ExitCode.Failure;
}

function transferExitCode({ problem }: TransferError): ExitCode {
  if (problem === "missing") return ExitCode.NoInput;
  return problem === "denied" ? ExitCode.Permission : ExitCode.Unsupported;
}

function verifierLines(error: VerifierError): string[] {
  const telling = error.telling
    .map((line) => `  ${line}`)
    .filter((line) => !error.message.includes(line.trim()));
  return [error.message, ...telling, ...adviceOn(error)];
}

/** The library's words are about a property of the error; a command line has an option for it. */
function adviceOn({ next }: VerifierError): string[] {
  const all = "see all that the verifier said: add --verbose";
  return next.startsWith("read error.log ") ? [all] : [next, all];
}

/** What the library's advice for programmers is on a command line. */
const OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^pass sample: \{ event: "cpu-clock" \}/, "add --event cpu-clock"],
  [/^pass xdpMode: "generic"/, "write @flags 2 before the program in its source"],
  [/^pass \{ kconfig: .* to load\(\)$/, "build the kernel with /proc/config.gz (CONFIG_IKCONFIG_PROC)"],
  [/^pass the pid of /, "give --pid the id of "],
  [
    /^pass the absolute path of the binary/,
    "give the path of a program or library that is there: --binary PATH",
  ],
  [/, or pass a BTF file made for this kernel$/, ", or give types made for this kernel: --btf FILE"],
  [/, or set the program's type before load$/, ""],
  [/^pass (.*) when attaching$/, "the source has to say it: @attach {…}, or in SEC() ($1)"],
  [/^pass /, "give "],
];

function asOption(next: string): string {
  const [pattern, words] = OPTIONS.find(([known]) => known.test(next)) ?? [];
  return pattern === undefined || words === undefined ? next : next.replace(pattern, words);
}

function withNext(message: string, next: string): string[] {
  return next === "" ? [message] : [message, next];
}

function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
