import { InvalidArgumentError, PermissionError, SyscallError, UnsupportedError } from "../errors.ts";
import { EACCES, EEXIST, ENOTSUPP, EOPNOTSUPP, EPERM, ESRCH, errnoText } from "../linux/errno.ts";

const CAPABILITIES = "run as root, or with CAP_BPF and CAP_PERFMON (network hooks: CAP_NET_ADMIN)";

/**
 * What a failed attachment means, where the hook has nothing more precise to say. `subject` is the link's description.
 * Errors that are ours already pass through.
 */
export function attachError(error: unknown, subject: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  const cause = { cause: error };
  switch (error.errno) {
    case EPERM:
    case EACCES:
      return new PermissionError(
        `not allowed to attach to ${subject}: ${errnoText(error.errno)}`,
        error.next || CAPABILITIES,
        cause,
      );
    case EOPNOTSUPP:
    case ENOTSUPP:
      return new UnsupportedError(
        `this kernel cannot attach to ${subject}: ${errnoText(error.errno)}`,
        "",
        cause,
      );
    case EEXIST:
      return new InvalidArgumentError(
        `the program is already attached to ${subject}`,
        "close the other link first",
        cause,
      );
    default:
      return new SyscallError(
        error.call,
        error.errno,
        `attaching to ${subject} failed in ${error.call}: ${errnoText(error.errno)}`,
        error.next,
        cause,
      );
  }
}

/** For hooks that live in a process. */
export function processGone(error: unknown, subject: string, pid: number | undefined): unknown {
  if (!(error instanceof SyscallError) || error.errno !== ESRCH || pid === undefined)
    return attachError(error, subject);
  return new InvalidArgumentError(
    `cannot attach to ${subject}: process ${pid} does not exist (any more)`,
    "pass the pid of a running process",
    { cause: error },
  );
}
