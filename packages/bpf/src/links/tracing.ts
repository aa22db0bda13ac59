import { UnsupportedError } from "../errors.ts";
import { EINVAL, ENOENT, ENOTSUPP, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_MODIFY_RETURN, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { kernelLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf } from "./options.ts";

/**
 * fentry, fexit, fmod_ret, fsession and tp_btf: the function was chosen when the program was loaded, so that a
 * target given now changes nothing.
 * @kernel 5.5, BPF_PROG_TYPE_TRACING (kernel/bpf/trampoline.c); with a cookie 5.19
 */
export function attachTracing(program: LoadedProgram, options: AttachOptions): Link {
  return attachBtfTarget("tracing", program, options);
}

/**
 * Replaces a global function of another BPF program, chosen at load.
 * @kernel 5.6, BPF_PROG_TYPE_EXT (kernel/bpf/verifier.c, check_attach_btf_id)
 */
export function attachFreplace(program: LoadedProgram, options: AttachOptions): Link {
  return attachBtfTarget("freplace", program, options);
}

/** Attaches to what the program was loaded for. Shared with LSM hooks. */
export function attachBtfTarget(kind: LinkKind, program: LoadedProgram, options: AttachOptions): Link {
  const description = `${program.spec.section.replace(/^\?/, "")} (program ${program.name})`;
  try {
    return kernelLink(kind, description, linkOrTracepoint(program, cookieOf(options)));
  } catch (error) {
    if (failedWith(error, ENOTSUPP) && isTrampoline(program)) {
      throw new UnsupportedError(
        `this kernel has no BPF trampolines for its machine, which ${description} needs`,
        "use a kprobe, or a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
        { cause: error },
      );
    }
    throw attachError(error, description);
  }
}

function linkOrTracepoint(program: LoadedProgram, cookie: bigint | undefined): OwnedFd {
  const { bpf } = program.kernel;
  const attr = cookie === undefined ? {} : { cookie };
  try {
    return bpf.linkCreate({ program: program.fd, target: 0, attachType: program.attachType ?? 0, ...attr });
  } catch (error) {
    // Before 5.19 these programs were attached by the command for raw tracepoints, without a name.
    if (!failedWith(error, EINVAL, ENOENT)) throw error;
    if (cookie !== undefined) {
      throw new UnsupportedError("a cookie for a tracing program needs Linux 5.19", "leave the cookie out", {
        cause: error,
      });
    }
    return bpf.rawTracepointOpen({ name: undefined, program: program.fd });
  }
}

function isTrampoline(program: LoadedProgram): boolean {
  return [BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_MODIFY_RETURN].some((type) => type === program.attachType);
}
