import { statSync } from "node:fs";
import { effectiveCapabilities, inUserNamespace, missingCapabilities } from "@skep/bpf";
import type { Finding } from "./finding.ts";
import { readText } from "./read-text.ts";

/** What this process is and may. */
export function processFindings(): Finding[] {
  return [capabilities(), container(), seccomp()];
}

function capabilities(): Finding {
  const name = "capabilities";
  const missing = missingCapabilities(["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]);
  const value = [...effectiveCapabilities()];
  if (missing.length === 0)
    return { name, state: "yes", text: "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", value };
  const next = "run with sudo";
  const forNetwork = missing.length === 1 && missing[0] === "CAP_NET_ADMIN";
  return {
    name,
    state: forNetwork ? "limited" : "no",
    text: `missing: ${missing.join(", ")}${forNetwork ? ", which programs of network interfaces want" : ""}`,
    next,
    value,
  };
}

/** PROC_PID_INIT_INO, include/linux/proc_ns.h. */
const INIT_PID_NAMESPACE = 0xeffffffcn;

function container(): Finding {
  const name = "container";
  if (inUserNamespace())
    return {
      name,
      state: "no",
      text: "in a user namespace: capabilities there do not count for BPF",
      next: "run in the host's user namespace",
      value: true,
    };
  const pid = pidNamespace();
  if (pid === undefined) return { name, state: "unknown", text: "this process may not see its namespaces" };
  return pid === INIT_PID_NAMESPACE
    ? { name, state: "yes", text: "none: process ids are the kernel's own", value: false }
    : {
        name,
        state: "limited",
        text: "in a PID namespace: the process ids that programs report are the host's",
        next: "share the host's: docker run --pid=host, hostPID: true",
        value: true,
      };
}

function seccomp(): Finding {
  const mode = /^Seccomp:\s*(\d)$/m.exec(readText("/proc/self/status") ?? "")?.[1];
  return mode === undefined || mode === "0"
    ? { name: "seccomp", state: "yes", text: "no filter", value: 0 }
    : {
        name: "seccomp",
        state: "limited",
        text: "a filter is at work, which may forbid bpf(2) and perf_event_open(2)",
        next: "docker run --security-opt seccomp=unconfined, or a profile that allows them",
        value: Number(mode),
      };
}

function pidNamespace(): bigint | undefined {
  try {
    return statSync("/proc/self/ns/pid", { bigint: true }).ino;
  } catch {
    return undefined;
  }
}
