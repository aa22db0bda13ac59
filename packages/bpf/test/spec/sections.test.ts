import { describe, expect, it } from "vitest";
import * as types from "../../src/spec/program-types.ts";
import {
  BPF_F_SLEEPABLE,
  BPF_F_XDP_HAS_FRAGS,
  matchSection,
  SECTIONS,
  sectionFlags,
} from "../../src/spec/sections.ts";

describe("SEC() names", () => {
  it("has no pattern twice", () => {
    const patterns = SECTIONS.map((section) => section.pattern);
    expect(new Set(patterns).size).toBe(patterns.length);
  });

  it.each([
    [
      "tp/syscalls/sys_enter_write",
      "tp+",
      types.BPF_PROG_TYPE_TRACEPOINT,
      undefined,
      "syscalls/sys_enter_write",
    ],
    ["kprobe/do_unlinkat+0x10", "kprobe+", types.BPF_PROG_TYPE_KPROBE, undefined, "do_unlinkat+0x10"],
    ["uprobe//bin/bash:readline", "uprobe+", types.BPF_PROG_TYPE_KPROBE, undefined, "/bin/bash:readline"],
    ["uretprobe", "uretprobe+", types.BPF_PROG_TYPE_KPROBE, undefined, undefined],
    ["fentry.s/vfs_read", "fentry.s+", types.BPF_PROG_TYPE_TRACING, types.BPF_TRACE_FENTRY, "vfs_read"],
    ["xdp", "xdp", types.BPF_PROG_TYPE_XDP, types.BPF_XDP, undefined],
    ["xdp.frags/devmap", "xdp.frags/devmap", types.BPF_PROG_TYPE_XDP, types.BPF_XDP_DEVMAP, undefined],
    ["cgroup_skb/ingress", "cgroup_skb/ingress", types.BPF_PROG_TYPE_CGROUP_SKB, 0, undefined],
    ["tc", "tc", types.BPF_PROG_TYPE_SCHED_CLS, undefined, undefined],
    ["tc/egress", "tc/egress", types.BPF_PROG_TYPE_SCHED_CLS, types.BPF_TCX_EGRESS, undefined],
    [
      "kprobe.multi/tcp_*",
      "kprobe.multi+",
      types.BPF_PROG_TYPE_KPROBE,
      types.BPF_TRACE_KPROBE_MULTI,
      "tcp_*",
    ],
  ])("reads %s", (name, pattern, programType, attachType, target) => {
    const match = matchSection(name);
    expect(match.definition).toMatchObject({ pattern, programType, attachType });
    expect(match.target).toBe(target);
    expect(match.autoload).toBe(true);
  });

  it("does not autoload a name that begins with a question mark", () => {
    expect(matchSection("?tp_btf/sched_switch")).toMatchObject({ autoload: false, target: "sched_switch" });
  });

  it.each(["", "?", "kprobes/x", "xdp/foo", "cgroup/connect5", "tcx", "tp_btff/x", "constructor"])(
    "knows no section %j",
    (name) => {
      expect(matchSection(name).definition).toBeUndefined();
    },
  );

  it("gives sleepable and multi-buffer programs their flags", () => {
    const flags = (name: string) => sectionFlags(matchSection(name).definition!);
    expect(flags("lsm.s/bpf")).toBe(BPF_F_SLEEPABLE);
    expect(flags("syscall")).toBe(BPF_F_SLEEPABLE);
    expect(flags("xdp.frags")).toBe(BPF_F_XDP_HAS_FRAGS);
    expect(flags("kprobe/x")).toBe(0);
  });
});
