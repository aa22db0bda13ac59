import { existsSync } from "node:fs";
import {
  type AttachOptions,
  BPF_PROG_TYPE_LSM,
  BtfKind,
  type Features,
  featuresOf,
  type Kernel,
  PermissionError,
  type ProgramSpec,
  UnsupportedError,
} from "@skep/bpf";

/**
 * Why this kernel cannot run a program, found out without loading it; undefined when nothing speaks against it. What this
 * process may not find out speaks against nothing: loading will tell.
 */
export function obstacleTo(
  kernel: Kernel,
  program: ProgramSpec,
  options: AttachOptions = {},
): string | undefined {
  try {
    return obstacle(kernel, program, options.target ?? program.target ?? "");
  } catch (error) {
    if (error instanceof PermissionError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

function obstacle(kernel: Kernel, { definition, type }: ProgramSpec, target: string): string | undefined {
  const features = featuresOf(kernel);
  switch (definition?.link) {
    case "tracing":
      return tracingObstacle(kernel, features, definition.pattern, target);
    case "lsm":
      return features.hasProgramType(BPF_PROG_TYPE_LSM)
        ? functionObstacle(kernel, `bpf_lsm_${target}`, `has no LSM hook ${target}`)
        : "does not allow BPF LSM programs";
    case "iter":
      return functionObstacle(kernel, `bpf_iter_${target}`, `has no iterator ${target}`);
    case "tracepoint":
      return eventObstacle(`${kernel.tracefs}/events`, target);
    case "raw_tracepoint":
      return tracepointObstacle(kernel, target);
    case "kprobe":
    case "kretprobe":
    case "ksyscall":
    case "kretsyscall":
      return features.kprobes ? undefined : "has no kprobes";
    case "kprobe.multi":
    case "kretprobe.multi":
    case "kprobe.session":
      return features.kprobeMulti ? undefined : "has no kprobes for many functions (kprobe.multi)";
    case "uprobe":
    case "uretprobe":
    case "usdt":
      return features.uprobes ? undefined : "has no uprobes";
    case "uprobe.multi":
    case "uretprobe.multi":
    case "uprobe.session":
      return features.uprobeMulti ? undefined : "has no uprobes for many functions (uprobe.multi)";
    case "tcx":
      return features.tcx ? undefined : "has no tcx";
    case undefined:
      return undefined;
    default:
      return features.hasProgramType(type) ? undefined : "does not have this type of program";
  }
}

/** Without rights nothing is seen in there, which says nothing. */
function eventObstacle(events: string, target: string): string | undefined {
  return existsSync(`${events}/${target}`) || !existsSync(events) ? undefined : `has no tracepoint ${target}`;
}

function tracingObstacle(
  kernel: Kernel,
  features: Features,
  pattern: string,
  target: string,
): string | undefined {
  if (pattern.startsWith("tp_btf")) return tracepointObstacle(kernel, target);
  if (!features.fentry) return "does not allow programs that patch its functions (fentry, fexit)";
  return functionObstacle(kernel, target, `has no function ${target}`);
}

function tracepointObstacle(kernel: Kernel, target: string): string | undefined {
  if (target.includes(":")) return undefined;
  return kernel.btf().find(`btf_trace_${target}`, BtfKind.Typedef) !== undefined || hasModules(kernel)
    ? undefined
    : `has no tracepoint ${target}`;
}

/** `target` may be of a module, whose types are not looked at: loading will tell. */
function functionObstacle(kernel: Kernel, name: string, complaint: string): string | undefined {
  if (name.includes(":") || name === "") return undefined;
  return kernel.btf().find(name, BtfKind.Func) !== undefined || hasModules(kernel) ? undefined : complaint;
}

function hasModules(kernel: Kernel): boolean {
  return kernel.moduleBtfs().length > 0;
}
