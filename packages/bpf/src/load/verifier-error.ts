import {
  type BpfError,
  PermissionError,
  RelocationError,
  SyscallError,
  UnsupportedError,
  VerifierError,
} from "../errors.ts";
import { missingCapabilities } from "../linux/capabilities.ts";
import { E2BIG, EINVAL, ENOTSUPP, EPERM, errnoText } from "../linux/errno.ts";
import { MEMCG_ACCOUNTING } from "../linux/kernel-version.ts";
import type { LinkedProgram } from "../relocate/code.ts";
import { CoreKind, coreFamily } from "../relocate/core/kinds.ts";
import { POISON_HELPER } from "../relocate/core/patch.ts";
import type { FieldSize, Poisoned } from "../relocate/core/relocate-core.ts";
import type { MissingReference } from "../relocate/resolve-references.ts";
import type { ProgramSpec } from "../spec/object-spec.ts";
import {
  attachTypeName,
  BPF_LSM_CGROUP,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  programTypeName,
} from "../spec/program-types.ts";
import { type SourceLine, sourceLine } from "../spec/source-line.ts";
import type { Refusal } from "./load-program.ts";
import type { LoadPlan } from "./plan.ts";
import { adviceOn } from "./verifier-advice.ts";
import { type LogReading, readVerifierLog } from "./verifier-log.ts";

/** Everything known about a program that the kernel refused. */
export interface Refused {
  readonly plan: LoadPlan;
  readonly spec: ProgramSpec;
  readonly linked: LinkedProgram;
  readonly missing: readonly MissingReference[];
  readonly refusal: Refusal;
}

/** Says in words why the kernel refused a program: what it lacks, what it forbids, or what is wrong with the program. */
export function explainRefusal(refused: Refused): BpfError {
  const reading = readVerifierLog(refused.refusal.log);
  if (reading === undefined) return withoutLog(refused);
  const source = sourceLine(refused.linked.lineInfo, refused.plan.object.btf, reading.insn);
  return (
    poisonedField(refused, reading, source) ??
    missingReference(refused, reading, source) ??
    unknownHelper(refused, reading, source) ??
    permission(refused) ??
    verifierError(refused, reading, source)
  );
}

function poisonedField(refused: Refused, reading: LogReading, source: SourceLine | undefined) {
  if (!reading.telling.some((line) => line.includes(`#${POISON_HELPER}`))) return undefined;
  const poisoned = refused.linked.poisoned.find(({ insn }) => insn === reading.insn);
  if (poisoned === undefined) return undefined;
  const message =
    poisoned.resized === undefined
      ? `this kernel has no ${lacking(poisoned)}, needed by ${place(refused, source)}`
      : `${otherSize(poisoned.what, poisoned.resized)}, which ${place(refused, source)} reads`;
  return new RelocationError(message, advice(poisoned), { cause: verifierError(refused, reading, source) });
}

/** What libbpf's log calls "accesses field incorrectly". */
function otherSize(what: string, { program, kernel }: NonNullable<Poisoned["resized"]>): string {
  const text = (size: FieldSize) => (size === "bitfield" ? "a bitfield" : `${size} bytes`);
  return `${what.replace(FLAVOUR, "")} is ${text(kernel)} in this kernel and ${text(program)} in the program`;
}

const FLAVOUR = /___\w+?(?=[.:[ ]|$)/g;

/** `struct task_struct___old.state (0:23)` → `struct task_struct with a member state (0:23)`. */
function lacking({ what, kind }: Poisoned): string {
  const plain = what.replace(FLAVOUR, "");
  const family = coreFamily(kind);
  if (family === "field") return plain.replace(".", " with a member ");
  if (family === "enum-value") return plain.replace(/^(.*)::(\w+)$/, "enumerator $2 in $1");
  return plain;
}

function advice({ kind, resized }: Poisoned): string {
  if (resized !== undefined)
    return "only pointers and unsigned integers can be loaded in another width: declare the member as this kernel has it in a type with a ___flavour suffix, or use bpf_core_read() and bpf_core_field_size()";
  return coreFamily(kind) === "enum-value" || kind === CoreKind.EnumValue
    ? "guard it with bpf_core_enum_value_exists()"
    : "guard the access with bpf_core_field_exists(), or declare the type as other kernels have it with a ___flavour suffix";
}

function missingReference(refused: Refused, reading: LogReading, source: SourceLine | undefined) {
  const missing = refused.missing.find(({ helper }) => reading.complaint.includes(`#${helper}`));
  if (missing === undefined) return undefined;
  return new RelocationError(
    `${place(refused, source)} uses ${missing.what}, which does not exist here`,
    "guard the use (bpf_ksym_exists), or do not load this program",
    { cause: verifierError(refused, reading, source) },
  );
}

/** Three generations of the same complaint (check_helper_call in kernel/bpf/verifier.c). */
const UNKNOWN_HELPER =
  /^(?:invalid func \w+#\d+|unknown func (\w+#\d+)|program of this type cannot use helper (\w+#\d+))/;

function unknownHelper(refused: Refused, reading: LogReading, source: SourceLine | undefined) {
  const found = UNKNOWN_HELPER.exec(reading.complaint);
  if (found === null) return undefined;
  const helper = found[1] ?? found[2] ?? reading.complaint.replace("invalid func ", "");
  return new UnsupportedError(
    `${place(refused, source)} calls ${helper.replace("#", " (#")}), which this kernel does not give to ${programTypeName(refused.spec.type)} programs`,
    "use another helper, or another type of program; a newer kernel may have it; lockdown takes some away (bpf_probe_write_user)",
    { cause: verifierError(refused, reading, source) },
  );
}

function withoutLog(refused: Refused): BpfError {
  const { error } = refused.refusal;
  return permission(refused) ?? unsupported(refused) ?? plain(refused, error);
}

function permission(refused: Refused): BpfError | undefined {
  const { refusal, spec, plan } = refused;
  if (refusal.error.errno !== EPERM) return undefined;
  const cause = { cause: refusal.error };
  const missing = missingCapabilities();
  if (missing.length > 0) {
    return new PermissionError(
      `not allowed to load program ${spec.name}: this process lacks ${missing.join(" and ")}`,
      "run as root, or grant the capabilities (setcap, systemd AmbientCapabilities)",
      cause,
    );
  }
  if (refusal.log === "" && needsTrampoline(spec)) {
    return new UnsupportedError(
      `this kernel forbids programs that patch its functions (BPF trampolines), which program ${spec.name} (SEC "${spec.section}") needs`,
      "this is the policy of the machine, not a mistake in the program: use a tracepoint, raw_tp, tp_btf or kprobe instead",
      cause,
    );
  }
  if (plan.kernel.version < MEMCG_ACCOUNTING) {
    return new PermissionError(
      `not allowed to load program ${spec.name}`,
      "on kernels before 5.11 raise the limit of locked memory: ulimit -l unlimited",
      cause,
    );
  }
  return new PermissionError(
    `the kernel does not allow program ${spec.name} (${programTypeName(spec.type)})`,
    "look for a security module, a seccomp filter or lockdown that forbids bpf(2)",
    cause,
  );
}

/** Programs that are called from the patched entry of a function. tp_btf and iterators are of the same type, but are not. */
function needsTrampoline(spec: ProgramSpec): boolean {
  if (spec.type === BPF_PROG_TYPE_LSM || spec.type === BPF_PROG_TYPE_EXT) return true;
  const patching: readonly (number | undefined)[] = [
    BPF_TRACE_FENTRY,
    BPF_TRACE_FEXIT,
    BPF_MODIFY_RETURN,
    BPF_LSM_CGROUP,
  ];
  return patching.includes(spec.attachType);
}

function unsupported({ refusal, spec, plan, linked }: Refused): BpfError | undefined {
  const cause = { cause: refusal.error };
  if (refusal.error.errno === E2BIG) {
    return new UnsupportedError(
      `program ${spec.name} has ${linked.instructions.length} instructions, more than this kernel takes`,
      "kernels before 5.2 take 4096: make it smaller, or split it with tail calls",
      cause,
    );
  }
  if (refusal.error.errno === ENOTSUPP) {
    return new UnsupportedError(
      `this kernel cannot run program ${spec.name} on ${plan.kernel.machine}`,
      "",
      cause,
    );
  }
  if (refusal.error.errno !== EINVAL) return undefined;
  const attach = spec.attachType === undefined ? "" : ` with ${attachTypeName(spec.attachType)}`;
  return new UnsupportedError(
    `this kernel (${plan.kernel.release}) does not take programs of type ${programTypeName(spec.type)}${attach}, which ${spec.name} is`,
    "use a newer kernel, or another SEC() name",
    cause,
  );
}

function plain({ spec, plan }: Refused, error: SyscallError): SyscallError {
  const message = `cannot load program ${spec.name} of ${plan.object.name}: ${errnoText(error.errno)}`;
  return new SyscallError(error.call, error.errno, message, error.next, { cause: error });
}

function verifierError(refused: Refused, reading: LogReading, source: SourceLine | undefined): VerifierError {
  const { refusal, spec } = refused;
  const at = source === undefined ? "" : ` at ${source.place} \`${source.text}\``;
  return new VerifierError(
    `the verifier rejects program ${spec.name}${at}: ${reading.complaint}`,
    adviceOn(reading.complaint) ??
      "read error.log from the end: it shows what the verifier knew about each register",
    { program: spec.name, log: refusal.log, telling: reading.telling },
    { cause: refusal.error },
  );
}

function place({ spec }: Refused, source: SourceLine | undefined): string {
  return source === undefined ? `program ${spec.name}` : `program ${spec.name} at ${source.place}`;
}
