import { UnsupportedError } from "../errors.ts";
import { securityModules } from "../linux/lockdown.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { Link } from "./link.ts";
import type { AttachOptions } from "./options.ts";
import { attachBtfTarget } from "./tracing.ts";

/**
 * A security hook, chosen at load. Attaching succeeds even on kernels whose list of active security modules leaves out `bpf`, and
 * then the program never runs: that is refused here instead.
 * @kernel 5.7, BPF_PROG_TYPE_LSM (kernel/bpf/bpf_lsm.c)
 * @throws {UnsupportedError} when the BPF security module is not active
 */
export function attachLsm(program: LoadedProgram, options: AttachOptions): Link {
  const { native, files } = program.kernel;
  const active = securityModules(native, files);
  if (active !== undefined && !active.includes("bpf")) {
    throw new UnsupportedError(
      `the BPF security module is not active on this kernel (active: ${active.join(",")})`,
      `boot with lsm=${[...active, "bpf"].join(",")} on the kernel's command line`,
    );
  }
  return attachBtfTarget("lsm", program, options);
}
