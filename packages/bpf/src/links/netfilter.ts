import { InvalidArgumentError, UnsupportedError } from "../errors.ts";
import { EBUSY, EINVAL, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_NETFILTER } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { kernelLink, type Link } from "./link.ts";
import { type AttachOptions, missingOption } from "./options.ts";

// include/uapi/linux/netfilter.h
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const BPF_F_NETFILTER_IP_DEFRAG = 1;

/**
 * A place of the netfilter stack, next to nftables' own.
 * @kernel 6.4, BPF_NETFILTER (net/netfilter/nf_bpf_link.c); `defragment` 6.6
 * @throws {InvalidArgumentError} when the priority is taken
 */
export function attachNetfilter(program: LoadedProgram, options: AttachOptions): Link {
  const wanted = options.netfilter;
  if (wanted === undefined) throw missingOption(program, "a netfilter hook", 'netfilter: { hook: "input" }');
  const { family = "ipv4", hook, priority = 0, defragment = false } = wanted;
  const description = `netfilter ${family} ${hook}, priority ${priority}`;
  const netfilter = {
    protocolFamily: FAMILIES[family],
    hook: HOOKS[hook],
    priority,
    flags: defragment ? BPF_F_NETFILTER_IP_DEFRAG : 0,
  };
  try {
    const attr = { program: program.fd, target: 0, attachType: BPF_NETFILTER, netfilter };
    return kernelLink("netfilter", description, program.kernel.bpf.linkCreate(attr));
  } catch (error) {
    throw explain(error, description);
  }
}

function explain(error: unknown, description: string): unknown {
  const cause = { cause: error };
  if (failedWith(error, EBUSY)) {
    return new InvalidArgumentError(
      `there is already a program at ${description}`,
      "choose another priority",
      cause,
    );
  }
  if (failedWith(error, EINVAL, EOPNOTSUPP)) {
    const next =
      "it needs Linux 6.4 with CONFIG_NETFILTER_BPF_LINK, and a priority other than the lowest and the highest";
    return new UnsupportedError(`this kernel cannot attach to ${description}`, next, cause);
  }
  return attachError(error, description);
}
