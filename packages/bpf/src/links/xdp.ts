import { InvalidArgumentError, UnsupportedError } from "../errors.ts";
import { EBUSY, EEXIST, EINVAL, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import { netlinkAttribute, netlinkRequest } from "../linux/netlink.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_XDP } from "../spec/program-types.ts";
import { detachUnlessGone } from "./detach-unless-gone.ts";
import { onProcessExit } from "./exit-cleanup.ts";
import { AttachedLink, kernelLink, type Link } from "./link.ts";
import { interfaceError, interfaceText, requiredInterface } from "./network-interface.ts";
import type { AttachOptions } from "./options.ts";

// include/uapi/linux/if_link.h
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;
const MODES = { generic: 2, native: 4, offload: 8 } as const;
const IFLA_XDP = 43;
const NLA_F_NESTED = 0x8000;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const RTM_SETLINK = 19;

/**
 * Every packet that a network interface receives, before the kernel's own stack.
 * @kernel 5.9, BPF_XDP links (net/core/dev.c); before that through netlink, where the program stays when the process is killed
 * @throws {InvalidArgumentError} when another program is already there
 */
export function attachXdp(program: LoadedProgram, options: AttachOptions): Link {
  const target = requiredInterface(program, options);
  const mode = options.xdpMode === undefined ? 0 : MODES[options.xdpMode];
  const description = `xdp ${options.xdpMode === undefined ? "" : `(${options.xdpMode}) `}on ${interfaceText(options)}`;
  try {
    const fd = program.kernel.bpf.linkCreate({
      program: program.fd,
      target,
      attachType: BPF_XDP,
      flags: mode,
    });
    return kernelLink("xdp", description, fd);
  } catch (error) {
    if (!failedWith(error, EINVAL)) throw explain(error, description, options);
  }
  try {
    return attachThroughNetlink(program, target, mode, description);
  } catch (error) {
    throw explain(error, description, options);
  }
}

function attachThroughNetlink(
  program: LoadedProgram,
  target: number,
  mode: number,
  description: string,
): Link {
  const set = (fd: number, flags: number): void => {
    netlinkRequest(program.kernel, RTM_SETLINK, 0, setLinkMessage(target, fd, flags));
  };
  set(program.fd.raw, mode | XDP_FLAGS_UPDATE_IF_NOEXIST);
  const detach = (): void => detachUnlessGone(() => set(-1, mode));
  const exit = onProcessExit(detach);
  return new AttachedLink("xdp", description, () => {
    exit[Symbol.dispose]();
    detach();
  });
}

/** struct ifinfomsg (the index is at byte 4) and IFLA_XDP with the program's descriptor (-1: none) and flags. */
function setLinkMessage(index: number, fd: number, flags: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(16));
  header.setInt32(4, index, true);
  const inner = [
    netlinkAttribute(IFLA_XDP_FD, new Uint8Array(Int32Array.of(fd).buffer)),
    netlinkAttribute(IFLA_XDP_FLAGS, new Uint8Array(Uint32Array.of(flags).buffer)),
  ];
  const xdp = netlinkAttribute(IFLA_XDP | NLA_F_NESTED, Buffer.concat(inner));
  return Buffer.concat([new Uint8Array(header.buffer), xdp]);
}

function explain(error: unknown, description: string, options: AttachOptions): unknown {
  if (failedWith(error, EBUSY, EEXIST)) {
    const next = "detach the other program first: ip link set dev NAME xdp off, or bpftool net";
    return new InvalidArgumentError(`${description}: another XDP program is already attached there`, next, {
      cause: error,
    });
  }
  if (failedWith(error, EOPNOTSUPP) && options.xdpMode !== "generic") {
    const next = 'pass xdpMode: "generic", which works on every interface, if slower';
    return new UnsupportedError(`the driver of the interface cannot run ${description}`, next, {
      cause: error,
    });
  }
  return interfaceError(error, description);
}
