import { NotFoundError, PermissionError, SyscallError } from "../errors.ts";
import { EACCES, EPERM, errnoName, failedWith } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Opens a file, directory or device read-only; `what` names it in errors: `cgroup`, `network namespace`.
 * @throws {NotFoundError} {PermissionError}
 */
export function openPath(kernel: Kernel, path: string, what: string): OwnedFd {
  try {
    return kernel.own(kernel.files.open(path));
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const reason = errnoName(cause.errno);
    if (failedWith(cause, EACCES, EPERM)) {
      throw new PermissionError(`${what} ${path} may not be opened (${reason})`, "run as root", { cause });
    }
    throw new NotFoundError(`${what} ${path} cannot be opened (${reason})`, "check the path", { cause });
  }
}
