import { NotFoundError } from "../errors.ts";
import { EINVAL, failedWith } from "../linux/errno.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_SK_MSG_VERDICT, BPF_SK_SKB_STREAM_VERDICT } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { AttachedLink, kernelLink, type Link } from "./link.ts";
import { type AttachableMap, type AttachOptions, missingOption } from "./options.ts";

/**
 * Data that arrives at the sockets of a sockmap or sockhash. A socket takes over the map's program when it is put into the map,
 * and keeps it until it is taken out: closing the link does not change what sockets inside already do.
 * @kernel 4.14, BPF_PROG_TYPE_SK_SKB (net/core/sock_map.c); links 6.10
 */
export function attachSkSkb(program: LoadedProgram, options: AttachOptions): Link {
  return attachToSockmap("sk_skb", program, options, program.attachType ?? BPF_SK_SKB_STREAM_VERDICT);
}

/**
 * Data that is sent on the sockets of a sockmap or sockhash. Attach first, then put sockets in, as with {@link attachSkSkb}.
 * @kernel 4.17, BPF_PROG_TYPE_SK_MSG (net/core/skmsg.c); links 6.10
 */
export function attachSkMsg(program: LoadedProgram, options: AttachOptions): Link {
  return attachToSockmap("sk_msg", program, options, BPF_SK_MSG_VERDICT);
}

function attachToSockmap(
  kind: LinkKind,
  program: LoadedProgram,
  options: AttachOptions,
  attachType: number,
): Link {
  const name = options.sockmap;
  if (name === undefined) throw missingOption(program, "a sockmap", 'sockmap: "the map\'s name"');
  const map = options.maps?.(name);
  if (map === undefined)
    throw new NotFoundError(`there is no map ${name}`, "pass the name of a sockmap of the object");
  const description = `${kind} on sockmap ${name}`;
  try {
    return createLink(kind, program, map, attachType, description);
  } catch (error) {
    throw attachError(error, description);
  }
}

function createLink(
  kind: LinkKind,
  program: LoadedProgram,
  map: AttachableMap,
  attachType: number,
  description: string,
): Link {
  const { bpf } = program.kernel;
  try {
    const fd = bpf.linkCreate({ program: program.fd, target: map.fd.raw, attachType });
    return kernelLink(kind, description, fd);
  } catch (error) {
    if (!failedWith(error, EINVAL)) throw error;
  }
  // Before 6.10 the program belongs to the map, and goes with it when the process ends.
  bpf.progAttach({ target: map.fd.raw, program: program.fd, attachType });
  return new AttachedLink(kind, description, () => {
    if (!map.fd.closed) bpf.progDetach({ target: map.fd.raw, program: program.fd, attachType });
  });
}
