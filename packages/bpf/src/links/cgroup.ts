import { InvalidArgumentError } from "../errors.ts";
import { EBADF, EINVAL, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { openPath } from "../linux/open-path.ts";
import { mounts } from "../linux/procfs.ts";
import type { LoadedProgram } from "../load/program.ts";
import {
  attachTypeName,
  BPF_CGROUP_INET_EGRESS,
  BPF_CGROUP_INET_INGRESS,
  BPF_PROG_TYPE_CGROUP_SKB,
} from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { detachUnlessGone } from "./detach-unless-gone.ts";
import { onProcessExit } from "./exit-cleanup.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, missingOption } from "./options.ts";
import { type UndoList, undoneOnFailure } from "./undo-list.ts";

const BPF_F_ALLOW_MULTI = 2;

/**
 * What the processes of a cgroup and those below it do: packets, sockets, connects, devices, sysctls, socket options. Other
 * programs at the same place keep running.
 * @kernel 5.7, links (kernel/bpf/cgroup.c); 4.10 without, where the program stays when the process is killed
 * @throws {InvalidArgumentError} when the directory is none of the cgroup v2 hierarchy
 */
export function attachCgroup(program: LoadedProgram, options: AttachOptions): Link {
  const path = requiredCgroup(program, options);
  const attachType = attachTypeOf(program, options);
  const description = `${attachTypeName(attachType)} of cgroup ${path}`;
  return undoneOnFailure((undo) => {
    const target = undo.keep(openPath(program.kernel, path, "cgroup"));
    try {
      const link =
        createLink(program, target, attachType, undo) ?? attachDirectly(program, target, attachType, undo);
      return new AttachedLink("cgroup", description, undo.run, link);
    } catch (error) {
      // The kernel's word for a directory that is no cgroup, or one of the v1 hierarchies (cgroup_get_from_fd).
      throw failedWith(error, EBADF) ? notOfV2(program.kernel, path, error) : attachError(error, description);
    }
  });
}

/** Undefined on a kernel without cgroup links. */
function createLink(
  program: LoadedProgram,
  target: OwnedFd,
  attachType: number,
  undo: UndoList,
): OwnedFd | undefined {
  try {
    return undo.keep(program.kernel.bpf.linkCreate({ program: program.fd, target: target.raw, attachType }));
  } catch (error) {
    if (failedWith(error, EINVAL)) return undefined;
    throw error;
  }
}

function attachDirectly(
  program: LoadedProgram,
  target: OwnedFd,
  attachType: number,
  undo: UndoList,
): undefined {
  const { bpf } = program.kernel;
  bpf.progAttach({ target: target.raw, program: program.fd, attachType, flags: BPF_F_ALLOW_MULTI });
  const detach = (): void =>
    detachUnlessGone(() => bpf.progDetach({ target: target.raw, program: program.fd, attachType }));
  const exit = onProcessExit(detach);
  undo.add(() => {
    exit[Symbol.dispose]();
    detach();
  });
}

function requiredCgroup(program: LoadedProgram, options: AttachOptions): string {
  if (options.cgroup !== undefined) return options.cgroup;
  throw missingOption(program, "a cgroup", `cgroup: "${hierarchy(program.kernel)}/…"`);
}

function notOfV2(kernel: Kernel, path: string, cause: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `${path} is not a cgroup of the v2 hierarchy`,
    `pass a directory below ${hierarchy(kernel)}`,
    { cause },
  );
}

function hierarchy({ files }: Kernel): string {
  return mounts(files).find((mount) => mount.type === "cgroup2")?.point ?? "/sys/fs/cgroup";
}

function attachTypeOf(program: LoadedProgram, options: AttachOptions): number {
  if (program.attachType !== undefined) return program.attachType;
  if (program.type === BPF_PROG_TYPE_CGROUP_SKB && options.direction !== undefined) {
    return options.direction === "ingress" ? BPF_CGROUP_INET_INGRESS : BPF_CGROUP_INET_EGRESS;
  }
  throw missingOption(program, "a direction", 'direction: "ingress" or "egress"');
}
