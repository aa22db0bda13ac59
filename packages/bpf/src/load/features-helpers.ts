import { helperName } from "../asm/helper-names.ts";
import { EACCES, EINVAL, ENOTSUPP } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import { programTypeName } from "../spec/program-types.ts";
import { attemptErrno } from "./features-attempt.ts";
import { callHelper, EXIT, loadProbe } from "./features-programs.ts";
import { programTypeAttr } from "./features-types.ts";

const LOG_SIZE = 64 * 1024;

/**
 * How the verifier says that a program of this type cannot call a helper: kernel/bpf/verifier.c, check_helper_call.
 * "unknown func" became "program of this type cannot use helper" in Linux 6.13.
 */
const REFUSALS = ["invalid func ", "unknown func ", "program of this type cannot use helper "];

/**
 * Whether programs of a type may call a helper function on this kernel. Tried with a bare call: a helper that
 * is known gets as far as the check of its arguments, which fails in other words.
 * @throws {PermissionError}
 */
export function hasHelper(kernel: Kernel, programType: number, helper: number): boolean {
  const attr = programTypeAttr(kernel, programType);
  if (attr === undefined) return false;
  const log = new Uint8Array(LOG_SIZE);
  const subject = `${helperName(helper) ?? `helper ${helper}`} for ${programTypeName(programType)}`;
  const load = () =>
    loadProbe(kernel, [callHelper(helper), EXIT], {
      ...attr,
      type: programType,
      log: { buffer: log, level: 1 },
    });
  if (attemptErrno(subject, load, [EINVAL, EACCES, ENOTSUPP]) === 0) return true;
  const text = Buffer.from(log).toString("latin1");
  // An empty log: refused before the verifier looked at any instruction, so the type itself is not there.
  return text[0] !== "\0" && !REFUSALS.some((words) => text.includes(words));
}
