import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SyscallError } from "../../src/errors.ts";
import { interfaceIndex } from "../../src/linux/interfaces.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { versionCode } from "../../src/linux/kernel-version.ts";
import { raiseMemlock } from "../../src/linux/memlock.ts";
import { netlinkRequest } from "../../src/linux/netlink.ts";
import {
  encodePerfEventAttr,
  PERF_EVENT_IOC_ENABLE,
  PERF_TYPE_SOFTWARE,
} from "../../src/linux/perf-event.ts";
import { processMaps } from "../../src/linux/procfs.ts";
import { tracepointId } from "../../src/linux/tracefs.ts";

const kernel = hostKernel();

describe("facts", () => {
  it("agrees with getconf", () => {
    expect(kernel.pageSize).toBe(Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));
    expect(kernel.possibleCpus).toBe(
      Number(execFileSync("getconf", ["_NPROCESSORS_CONF"], { encoding: "utf8" })),
    );
    expect(kernel.onlineCpus().length).toBe(
      Number(execFileSync("getconf", ["_NPROCESSORS_ONLN"], { encoding: "utf8" })),
    );
  });

  it("agrees with uname", () => {
    expect(kernel.release).toBe(execFileSync("uname", ["-r"], { encoding: "utf8" }).trim());
    expect(kernel.machine).toBe(execFileSync("uname", ["-m"], { encoding: "utf8" }).trim());
    const [major, minor] = kernel.release.split(".").map(Number);
    expect(kernel.version >> 8).toBe(versionCode(major!, minor!) >> 8);
  });

  it("parses the kernel's BTF once", () => {
    expect(kernel.btf()).toBe(kernel.btf());
    expect(kernel.btf().find("task_struct")).toBeGreaterThan(0);
  });

  it("knows addresses of symbols as /proc/kallsyms does", () => {
    const line = readFileSync("/proc/kallsyms", "latin1").match(/^([0-9a-f]+) T schedule$/m);
    expect(kernel.symbolAddress("schedule")).toBe(BigInt(`0x${line?.[1]}`));
    expect(() => kernel.symbolAddress("no_such_symbol_at_all")).toThrow(/no symbol/);
  });

  it("finds tracepoints whether or not somebody mounted tracefs", () => {
    const id = tracepointId(kernel, "sched", "sched_switch");
    expect(id).toBeGreaterThan(0);
    expect(() => tracepointId(kernel, "sched", "no_such_event")).toThrow(/no tracepoint sched:no_such_event/);
    expect(() => tracepointId(kernel, "..", "README")).toThrow(/no tracepoint/);
  });

  it("lists the modules that have BTF", () => {
    for (const { name, id } of kernel.moduleBtfs()) {
      expect(id).toBeGreaterThan(0);
      expect(kernel.moduleBtf(name).startId).toBe(kernel.btf().endId);
    }
    expect(() => kernel.moduleBtf("no_such_module")).toThrow(/has no BTF/);
  });

  it("reads this process's memory", () => {
    expect(processMaps("self").some(({ path }) => path === process.execPath)).toBe(true);
  });
});

describe("perf events", () => {
  const PERF_COUNT_SW_DUMMY = 9;

  it("opens one on this process", () => {
    const attr = encodePerfEventAttr({
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_DUMMY,
      disabled: true,
    });
    const event = kernel.perfEventOpen(attr, { pid: 0, cpu: -1 });
    expect(kernel.ioctl(event, PERF_EVENT_IOC_ENABLE, 0)).toBe(0);
    event.close();
  });

  it("says which process and CPU could not be had", () => {
    const attr = encodePerfEventAttr({ type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_DUMMY });
    expect(() => kernel.perfEventOpen(attr, { pid: -1, cpu: 8000 })).toThrow(/pid -1, cpu 8000/);
  });
});

describe("rtnetlink", () => {
  const RTM_GETLINK = 18;
  const NLM_F_DUMP = 0x300;

  it("asks for one interface, and for all", () => {
    const request = new Uint8Array(16); // struct ifinfomsg
    new DataView(request.buffer).setInt32(4, interfaceIndex("lo"), true);
    expect(netlinkRequest(kernel, RTM_GETLINK, 0, request)).toHaveLength(1);
    expect(netlinkRequest(kernel, RTM_GETLINK, NLM_F_DUMP, new Uint8Array(16)).length).toBeGreaterThan(0);
  });

  it("throws what the kernel answers", () => {
    const request = new Uint8Array(16);
    new DataView(request.buffer).setInt32(4, 0x7fff_0000, true);
    const ask = () => netlinkRequest(kernel, RTM_GETLINK, 0, request);
    expect(ask).toThrow(SyscallError);
    expect(ask).toThrow(/ENODEV/);
  });

  it("names an interface that does not exist", () => {
    expect(() => interfaceIndex("nosuchif0")).toThrow(/no network interface "nosuchif0"/);
    expect(() => interfaceIndex("../lo")).toThrow(/no network interface/);
  });
});

describe("limits", () => {
  it("lifts RLIMIT_MEMLOCK as far as it may, and never throws", () => {
    raiseMemlock(kernel.native);
    const [, soft, hard] =
      /^Max locked memory +(\S+) +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    expect(soft).toBe(hard);
  });
});
