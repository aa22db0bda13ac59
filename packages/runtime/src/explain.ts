import {
  BpfError,
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  PermissionError,
  UnsupportedError,
  VerifierError,
} from "@skep/bpf";
import { TransferError } from "@skep/package";
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

/** Says in words what went wrong, whose doing it is (the kernel's, the user's, ours), and what to do. */
export function explain(error: unknown): Explanation {
  if (error instanceof UsageError)
    return { lines: withNext(error.message, error.next), exitCode: ExitCode.Usage };
  if (error instanceof VerifierError) return { lines: verifierLines(error), exitCode: ExitCode.Failure };
  if (error instanceof PermissionError)
    return { lines: [withNext(error.message, error.next).join(": ")], exitCode: ExitCode.Permission };
  if (error instanceof BpfError)
    return { lines: withNext(error.message, error.next), exitCode: exitCodeOf(error) };
  const errno = fileErrorCode(error);
  if (errno === "ENOENT") return { lines: [messageOf(error)], exitCode: ExitCode.NoInput };
  if (errno === "EACCES" || errno === "EPERM")
    return { lines: [messageOf(error)], exitCode: ExitCode.Permission };
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
  if (error instanceof UnsupportedError || error instanceof NotFoundError) return ExitCode.Unsupported;
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
  return [error.message, ...telling, ...(error.next === "" ? [] : [error.next])];
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
