import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runInVm, VM_KERNELS, vmUnavailable, withBundle } from "../../../../test/vm.ts";
import { compileFixture } from "../compile-fixture.ts";
import type { KindResult } from "./attach-kinds.ts";
import { compileNative, hasSdtHeader } from "./native-program.ts";

/** What five rounds of the action hit; undefined where it is "some". The kernel's own function is called once for each. */
const EXPECTED: Readonly<Record<string, number | undefined>> = {
  on_kprobe: 5,
  on_kprobe_offset: 5,
  on_kretprobe: 5,
  on_kprobe_target: 5,
  on_fentry_target: 5,
  on_ksyscall: 5,
  on_kretsyscall: 5,
  on_kprobe_multi: 5,
  on_kretprobe_multi: 5,
  // Entry and return.
  on_kprobe_session: 10,
  on_fentry: 5,
  on_fexit: 5,
  // The file system of the test is an overlay, which asks the hook for itself and for the file system below.
  on_fmod_ret: undefined,
  on_lsm: undefined,
  on_tracepoint: 5,
  on_raw_tracepoint: undefined,
  on_tp_btf: undefined,
  on_uprobe: 5,
  on_uretprobe: 5,
  on_uprobe_multi: 5,
  on_usdt: 10,
  on_perf_event: undefined,
  on_iter_task: undefined,
  on_xdp: undefined,
  on_tc: undefined,
  on_netkit: undefined,
  on_socket_filter: undefined,
  on_cgroup: 5,
  on_sk_lookup: 5,
  on_lsm_cgroup: undefined,
  on_freplace: 5,
  // Once more, made through tracefs as on a kernel before 4.17.
  tracefs_kprobe: 5,
  tracefs_kprobe_offset: 5,
  tracefs_kretprobe: 5,
  tracefs_uprobe: 5,
  tracefs_uretprobe: 5,
  tracefs_usdt: 10,
};

/** What a kernel cannot do, and what it is said to need. */
const MISSING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "5.10": {
    on_lsm_cgroup: "newer kernel",
    on_kprobe_multi: "5.18",
    on_kretprobe_multi: "5.18",
    on_kprobe_session: "6.10",
    on_uprobe_multi: "6.6",
    on_netkit: "6.7",
  },
  // Debian's 6.1 is built without CONFIG_FPROBE.
  "6.1": {
    on_kprobe_multi: "FPROBE",
    on_kretprobe_multi: "FPROBE",
    on_kprobe_session: "6.10",
    on_uprobe_multi: "6.6",
    on_netkit: "6.7",
  },
  "6.12": {},
};

/** 5.10 leaves bpf out of its list of security modules. */
const COMMAND_LINES: Readonly<Record<string, string>> = { "5.10": "lsm=lockdown,yama,bpf" };

describe.each([...VM_KERNELS])("on Linux %s", (kernel) => {
  it("every kind attaches, counts, and stops counting when closed", async (ctx) => {
    if (!hasSdtHeader) ctx.skip("sys/sdt.h (systemtap-sdt-dev) is not installed");
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) ctx.skip(reason);
    const results = await runKinds(kernel);
    const missing = MISSING[kernel] ?? {};
    for (const [name, hits] of Object.entries(EXPECTED)) {
      const result = results.get(name);
      const needs = missing[name];
      if (needs === undefined) expect([name, result?.error, result?.late]).toEqual([name, undefined, 0]);
      else expect([name, result?.error]).toEqual([name, expect.stringMatching(`UnsupportedError.*${needs}`)]);
      if (needs === undefined && hits !== undefined) expect([name, result?.hits]).toEqual([name, hits]);
      if (needs === undefined && hits === undefined) expect(result?.hits, name).toBeGreaterThan(0);
    }
    expect(results.get("tracefs_left")?.hits).toBe(0);
    expect(results.get("on_kprobe_mistyped")?.error).toMatch(/NotFoundError.*did you mean do_unlinkat/);
  });
});

async function runKinds(kernel: string): Promise<ReadonlyMap<string, KindResult>> {
  const directory = mkdtempSync(join(tmpdir(), "skep-kinds-"));
  using probes = compileNative("probes.c");
  try {
    const object = join(directory, "kinds.bpf.o");
    writeFileSync(object, compileFixture("attach-kinds.bpf.c"));
    const script = fileURLToPath(new URL("attach-kinds.ts", import.meta.url));
    const { status, stdout, stderr } = await withBundle(script, (bundle) => {
      const kernelCommandLine = COMMAND_LINES[kernel];
      const options = {
        ...(kernelCommandLine === undefined ? {} : { kernelCommandLine }),
      };
      return runInVm(kernel, ["node", bundle, object, probes.path, "hide-pmu"], options);
    });
    expect([status, stderr]).toEqual([0, ""]);
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as KindResult);
    return new Map(results.map((result) => [result.name, result]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
