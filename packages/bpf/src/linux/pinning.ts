import { basename } from "node:path";
import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import { EEXIST, EINVAL, ENOENT, EPERM, errnoText, failedWith } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Kernel } from "./kernel.ts";

/** What a refused pin means; `what` is what was to be pinned: `map counts`. Other errors pass unchanged. */
export function pinError(error: unknown, what: string, path: string): unknown {
  const cause = { cause: error };
  if (failedWith(error, EEXIST))
    return new InvalidArgumentError(
      `${path} exists already`,
      "unpin it first, or open the map that is pinned there",
      cause,
    );
  if (failedWith(error, EPERM) && basename(path).includes("."))
    return new InvalidArgumentError(
      `cannot pin ${what} at ${path}: ${errnoText(error.errno)}`,
      "leave out the dots: a bpf file system takes no names with them",
      cause,
    );
  if (failedWith(error, ENOENT, EPERM, EINVAL))
    return new NotFoundError(
      `cannot pin ${what} at ${path}: ${errnoText(error.errno)}`,
      "the folder must exist in a bpf file system: mount -t bpf bpf /sys/fs/bpf",
      cause,
    );
  return error;
}

/** Removes a pin; what was pinned lives on while anything uses it. @throws {NotFoundError} {SyscallError} */
export function removePin(kernel: Kernel, path: string): void {
  try {
    kernel.files.remove(path);
  } catch (error) {
    throw failedWith(error, ENOENT) ? nothingPinned(path) : error;
  }
}

/**
 * Opens the map that is pinned at a path. What BPF_OBJ_GET gives may as well be a program or a link, whose information has
 * another shape under the same command.
 * @throws {NotFoundError}; {InvalidArgumentError} when it is no map; {SyscallError} EACCES
 */
export function openMapPin(kernel: Kernel, path: string): OwnedFd {
  let fd: OwnedFd;
  try {
    fd = kernel.bpf.objGet(path);
  } catch (error) {
    throw failedWith(error, ENOENT) ? nothingPinned(path) : error;
  }
  if (kernel.files.read(`/proc/self/fdinfo/${fd.raw}`).includes("map_type:")) return fd;
  fd.close();
  throw new InvalidArgumentError(
    `what is pinned at ${path} is no map`,
    "look for pinned maps: bpftool map show pinned PATH",
  );
}

function nothingPinned(path: string): NotFoundError {
  return new NotFoundError(`nothing is pinned at ${path}`, "look for pinned maps: ls -R /sys/fs/bpf");
}
