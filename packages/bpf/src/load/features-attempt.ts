import type { BpfError } from "../errors.ts";
import { PermissionError, SyscallError } from "../errors.ts";
import { missingCapabilities } from "../linux/capabilities.ts";
import { E2BIG, EACCES, EBADF, EINVAL, ENOTSUPP, EOPNOTSUPP, EPERM, errnoText } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";

/** One question to a kernel that only trying can answer: distributions take features back to older versions. */
export interface Probe {
  /** The first release that has it, as in `5.10`: a test fails where a newer kernel says no. */
  readonly since: string;
  /** Tries it. @throws {PermissionError} when the kernel would not say, so that nothing is remembered */
  readonly detect: (kernel: Kernel) => boolean;
}

/** What a kernel answers to an attribute, flag, command or type that it does not know. */
const UNKNOWN: readonly number[] = [EINVAL, E2BIG, EBADF, EOPNOTSUPP, ENOTSUPP, EACCES];

/** True when `action` succeeds (what it returns is closed), false when the kernel does not know what was asked. */
export function attempt(subject: string, action: () => Disposable | undefined): boolean {
  return attemptErrno(subject, action) === 0;
}

/** 0 for success, else the error number with which the kernel refused. @throws {PermissionError} {SyscallError} */
export function attemptErrno(
  subject: string,
  action: () => Disposable | undefined,
  known: readonly number[] = UNKNOWN,
): number {
  try {
    action()?.[Symbol.dispose]();
    return 0;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno === EPERM) throw mayNotTell(subject, error);
    if (known.includes(error.errno)) return error.errno;
    throw error; // ENOMEM, EMFILE, EAGAIN …: says nothing about the kernel
  }
}

function mayNotTell(subject: string, cause: SyscallError): BpfError {
  const missing = missingCapabilities();
  const next =
    missing.length > 0
      ? `run as root, or grant ${missing.join(" and ")}`
      : "look for a security module or seccomp filter";
  return new PermissionError(
    `cannot find out whether the kernel has ${subject}: ${errnoText(cause.errno)}`,
    next,
    { cause },
  );
}
