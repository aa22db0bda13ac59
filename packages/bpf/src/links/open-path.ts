import { openSync } from "node:fs";
import { NotFoundError, PermissionError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";

/** Opens a file, directory or device read-only; `what` names it in errors: `cgroup`, `network namespace`. */
export function openPath(kernel: Kernel, path: string, what: string): OwnedFd {
  try {
    return kernel.own(openSync(path, "r"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      throw new PermissionError(`${what} ${path} may not be opened (${code})`, "run as root", { cause });
    }
    throw new NotFoundError(
      `${what} ${path} cannot be opened (${code ?? "unknown error"})`,
      "check the path",
      { cause },
    );
  }
}
