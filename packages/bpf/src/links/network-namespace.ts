import { InvalidArgumentError } from "../errors.ts";
import { E2BIG, EBUSY, EEXIST, EINVAL, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { openPath } from "../linux/open-path.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_FLOW_DISSECTOR, BPF_SK_LOOKUP } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { kernelLink, type Link } from "./link.ts";
import type { AttachOptions } from "./options.ts";

/**
 * Chooses the socket for packets of a network namespace that nobody is connected to.
 * @kernel 5.9, BPF_SK_LOOKUP (kernel/bpf/net_namespace.c)
 */
export function attachSkLookup(program: LoadedProgram, options: AttachOptions): Link {
  return attachToNamespace("sk_lookup", program, options, BPF_SK_LOOKUP);
}

/**
 * Takes packets of a network namespace apart. There can be only one.
 * @kernel 5.8, links (kernel/bpf/net_namespace.c)
 */
export function attachFlowDissector(program: LoadedProgram, options: AttachOptions): Link {
  return attachToNamespace("flow_dissector", program, options, BPF_FLOW_DISSECTOR);
}

function attachToNamespace(
  kind: LinkKind,
  program: LoadedProgram,
  options: AttachOptions,
  attachType: number,
): Link {
  const path = options.networkNamespace ?? "/proc/self/ns/net";
  const description = `${kind} of network namespace ${path}`;
  const namespace = openPath(program.kernel, path, "network namespace");
  try {
    return kernelLink(kind, description, createLink(program, namespace, attachType));
  } catch (error) {
    throw explain(error, description, path);
  } finally {
    namespace.close();
  }
}

function createLink(program: LoadedProgram, namespace: OwnedFd, attachType: number): OwnedFd {
  return program.kernel.bpf.linkCreate({ program: program.fd, target: namespace.raw, attachType });
}

function explain(error: unknown, description: string, path: string): unknown {
  if (failedWith(error, EEXIST, EBUSY, E2BIG)) {
    const next = "detach the other program first: bpftool link";
    return new InvalidArgumentError(`another program is already attached to ${description}`, next, {
      cause: error,
    });
  }
  if (failedWith(error, EINVAL)) {
    const next = "pass a file such as /run/netns/NAME or /proc/PID/ns/net; Linux 5.9 or newer is needed";
    return new InvalidArgumentError(`${path} is not a network namespace that can take a program`, next, {
      cause: error,
    });
  }
  return attachError(error, description);
}
