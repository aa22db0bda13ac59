import { InvalidArgumentError, UnsupportedError } from "../errors.ts";
import { EEXIST, EINVAL, failedWith } from "../linux/errno.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_NETKIT_PRIMARY, BPF_TCX_EGRESS, BPF_TCX_INGRESS } from "../spec/program-types.ts";
import { kernelLink, type Link } from "./link.ts";
import { interfaceError, interfaceText, requiredInterface } from "./network-interface.ts";
import type { AttachOptions } from "./options.ts";
import { attachClsactFilter } from "./tc-filter.ts";

export type Direction = "ingress" | "egress";

/**
 * Packets that a network interface receives or sends. By tcx where the kernel has it, because such a link vanishes with the
 * process; else, or when `options.filter` asks for a place among other filters, as a clsact filter, which stays when
 * the process is killed.
 * @kernel 4.5, clsact (net/sched/cls_bpf.c); 6.6 tcx (kernel/bpf/tcx.c)
 */
export function attachTc(program: LoadedProgram, options: AttachOptions): Link {
  return attachDirected("tc", program, options);
}

/** The same for SEC("tcx/…"), whose name says the direction. */
export function attachTcx(program: LoadedProgram, options: AttachOptions): Link {
  return attachDirected("tcx", program, options);
}

function attachDirected(kind: "tc" | "tcx", program: LoadedProgram, options: AttachOptions): Link {
  const index = requiredInterface(program, options);
  const direction = directionOf(program, options);
  const subject = `${direction} of ${interfaceText(options)}`;
  try {
    if (options.filter === undefined) {
      const attachType = direction === "ingress" ? BPF_TCX_INGRESS : BPF_TCX_EGRESS;
      const link = tryLink(kind, program, index, attachType, `tcx ${subject}`);
      if (link !== undefined) return link;
    }
    return attachClsactFilter(kind, program, {
      index,
      direction,
      description: `tc ${subject}`,
      handle: options.filter?.handle ?? 0,
      priority: options.filter?.priority ?? 0,
    });
  } catch (error) {
    if (failedWith(error, EEXIST)) {
      const next = "choose another handle or priority, or none";
      throw new InvalidArgumentError(`there is already a filter at that place of ${subject}`, next, {
        cause: error,
      });
    }
    throw interfaceError(error, `tc ${subject}`);
  }
}

function directionOf(program: LoadedProgram, options: AttachOptions): Direction {
  return options.direction ?? (program.attachType === BPF_TCX_EGRESS ? "egress" : "ingress");
}

/** Undefined on a kernel that does not know the attach type. */
function tryLink(
  kind: LinkKind,
  program: LoadedProgram,
  target: number,
  attachType: number,
  description: string,
): Link | undefined {
  try {
    return kernelLink(
      kind,
      description,
      program.kernel.bpf.linkCreate({ program: program.fd, target, attachType }),
    );
  } catch (error) {
    if (failedWith(error, EINVAL)) return undefined;
    throw error;
  }
}

/**
 * The two ends of a netkit device, the pair of interfaces made for containers.
 * @kernel 6.7, BPF_NETKIT_PRIMARY (drivers/net/netkit.c)
 */
export function attachNetkit(program: LoadedProgram, options: AttachOptions): Link {
  const index = requiredInterface(program, options);
  const attachType = program.attachType ?? BPF_NETKIT_PRIMARY;
  const end = attachType === BPF_NETKIT_PRIMARY ? "primary" : "peer";
  const description = `netkit ${end} of ${interfaceText(options)}`;
  try {
    const link = tryLink("netkit", program, index, attachType, description);
    if (link !== undefined) return link;
  } catch (error) {
    throw interfaceError(error, description);
  }
  throw new UnsupportedError(
    `cannot attach to ${description}: it is no netkit device, or the kernel is older than 6.7`,
    "make one with: ip link add NAME type netkit",
  );
}
