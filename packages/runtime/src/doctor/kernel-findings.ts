import { existsSync, statSync } from "node:fs";
import {
  effectiveCapabilities,
  featuresOf,
  type Kernel,
  lockdown,
  PermissionError,
  securityModules,
} from "@skep/bpf";
import type { Finding } from "./finding.ts";
import { readText } from "./read-text.ts";

/** What the kernel is and how it was set up. */
export function kernelFindings(kernel: Kernel): Finding[] {
  return [
    btf(kernel),
    tracefs(kernel),
    jit(),
    lockdownFinding(kernel),
    securityModulesFinding(kernel),
    unprivilegedBpf(),
    perfEvents(),
    kernelPointers(),
    ftrace(),
    memlock(kernel),
    cgroups(),
    bpffs(),
  ];
}

function btf(kernel: Kernel): Finding {
  const name = "BTF";
  const path = "/sys/kernel/btf/vmlinux";
  try {
    kernel.btf();
  } catch (error) {
    return {
      name,
      state: "no",
      text: (error as Error).message,
      next: "give a file with the types of this kernel: --btf FILE (BTFHub has those of many distributions)",
    };
  }
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  return {
    name,
    state: "yes",
    text: size === undefined ? "found" : `${path}, ${(size / 2 ** 20).toFixed(1)} MB`,
  };
}

function tracefs(kernel: Kernel): Finding {
  const name = "tracefs";
  const usual = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].find((path) =>
    existsSync(`${path}/events`),
  );
  if (usual !== undefined) return { name, state: "yes", text: usual };
  const next = "run as root, or: mount -t tracefs tracefs /sys/kernel/tracing";
  try {
    if (existsSync(`${kernel.tracefs}/events`))
      return { name, state: "yes", text: "not mounted; a private mount does" };
  } catch (error) {
    return { name, state: "no", text: (error as Error).message, next };
  }
  return { name, state: "unknown", text: "this process may not look into it", next };
}

function jit(): Finding {
  const name = "JIT";
  const value = setting("net/core/bpf_jit_enable");
  if (value === undefined) return { name, state: "unknown", text: "this process may not see it" };
  const harden = setting("net/core/bpf_jit_harden");
  const hardened = harden === undefined || harden === "0" ? "" : `, hardened (bpf_jit_harden ${harden})`;
  return value === "0"
    ? {
        name,
        state: "limited",
        text: "off: programs are interpreted",
        next: "sysctl net.core.bpf_jit_enable=1",
        value: 0,
      }
    : { name, state: "yes", text: `on${hardened}`, value: Number(value) };
}

function lockdownFinding(kernel: Kernel): Finding {
  const name = "lockdown";
  const mode = lockdown(kernel.native);
  if (mode === undefined) return { name, state: "unknown", text: "the kernel does not tell" };
  const effects = {
    none: "none",
    integrity: "integrity: no bpf_probe_write_user",
    confidentiality: "confidentiality: programs may not read kernel memory",
  };
  return {
    name,
    state: mode === "none" ? "yes" : mode === "integrity" ? "limited" : "no",
    text: effects[mode],
    value: mode,
    ...(mode === "confidentiality" ? { next: "boot without lockdown=confidentiality" } : {}),
  };
}

function securityModulesFinding(kernel: Kernel): Finding {
  const name = "BPF LSM";
  const modules = securityModules(kernel.native);
  if (modules === undefined) return { name, state: "unknown", text: "the kernel does not tell" };
  return modules.includes("bpf")
    ? { name, state: "yes", text: `in the list: ${modules.join(", ")}`, value: modules }
    : {
        name,
        state: "limited",
        text: `not in the list (${modules.join(", ")}): lsm programs attach and never run`,
        next: `boot with lsm=${[...modules, "bpf"].join(",")}`,
        value: modules,
      };
}

function unprivilegedBpf(): Finding {
  const value = setting("kernel/unprivileged_bpf_disabled");
  const text = {
    "0": "0: anybody may load some programs",
    "1": "1: for good until the next boot",
    "2": "2: only with CAP_BPF",
  }[value ?? ""];
  const name = "unprivileged_bpf_disabled";
  return value === undefined
    ? { name, state: "unknown", text: "not there, or not for us to see" }
    : { name, state: "yes", text: text ?? value, value: Number(value) };
}

function perfEvents(): Finding {
  const name = "perf_event_paranoid";
  const value = setting("kernel/perf_event_paranoid");
  if (value === undefined) return { name, state: "unknown", text: "no perf events, or not for us to see" };
  const free = Number(value) < 2 || effectiveCapabilities().has("CAP_PERFMON") || isAdmin();
  return {
    name,
    state: free ? "yes" : "limited",
    text: free ? value : `${value}: sampling the kernel wants CAP_PERFMON`,
    value: Number(value),
  };
}

function kernelPointers(): Finding {
  const name = "kptr_restrict";
  const value = setting("kernel/kptr_restrict");
  const symbols = readText("/proc/kallsyms", 4096);
  const hidden = symbols === undefined || /^0+ /.test(symbols);
  return {
    name,
    state: hidden ? "limited" : "yes",
    text: `${value ?? "?"}: addresses of kernel functions are ${hidden ? "hidden from this process" : "shown"}`,
    ...(value === undefined ? {} : { value: Number(value) }),
    ...(hidden ? { next: "run as root, with sysctl kernel.kptr_restrict=1 or 0" } : {}),
  };
}

function ftrace(): Finding {
  const name = "ftrace_enabled";
  const value = setting("kernel/ftrace_enabled");
  if (value === undefined)
    return { name, state: "unknown", text: "no function tracer, or not for us to see" };
  return value === "0"
    ? {
        name,
        state: "limited",
        text: "0: fentry and kprobe.multi do not fire",
        next: "sysctl kernel.ftrace_enabled=1",
        value: 0,
      }
    : { name, state: "yes", text: value, value: Number(value) };
}

function memlock(kernel: Kernel): Finding {
  const name = "memlock";
  const [, soft = "?", hard = "?"] =
    /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(readText("/proc/self/limits") ?? "") ?? [];
  const counted = unlessForbidden(() => !featuresOf(kernel).memcgAccounting);
  const text = `${soft} bytes, at most ${hard}`;
  if (counted !== true)
    return { name, state: "yes", text: `${text}; of no account since Linux 5.11`, value: soft };
  const next = "ulimit -l unlimited";
  return soft === "unlimited"
    ? { name, state: "yes", text, value: soft }
    : { name, state: "limited", text: `${text}; this kernel charges maps against it`, next, value: soft };
}

function cgroups(): Finding {
  const mounts = (readText("/proc/self/mounts") ?? "").split("\n").map((line) => line.split(" "));
  const second = mounts.find(([, , type]) => type === "cgroup2")?.[1];
  const first = mounts.some(([, , type]) => type === "cgroup");
  const name = "cgroup";
  if (second === undefined)
    return {
      name,
      state: "limited",
      text: first ? "version 1 only: programs of cgroups and --cgroup want version 2" : "not mounted",
      next: "mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with systemd.unified_cgroup_hierarchy=1",
      value: first ? 1 : 0,
    };
  return {
    name,
    state: "yes",
    text: `version 2 at ${second}${first ? ", version 1 beside it" : ""}`,
    value: 2,
  };
}

function bpffs(): Finding {
  const mounted = / bpf /.test(readText("/proc/self/mounts") ?? "");
  return mounted
    ? { name: "bpffs", state: "yes", text: "mounted" }
    : {
        name: "bpffs",
        state: "limited",
        text: "not mounted: nothing can be pinned",
        next: "mount -t bpf bpf /sys/fs/bpf",
      };
}

function isAdmin(): boolean {
  return effectiveCapabilities().has("CAP_SYS_ADMIN");
}

/** A file of /proc/sys. */
function setting(name: string): string | undefined {
  return readText(`/proc/sys/${name}`)?.trim();
}

function unlessForbidden(ask: () => boolean): boolean | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof PermissionError) return undefined;
    throw error;
  }
}
