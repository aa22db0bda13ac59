import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BtfKind } from "../../src/btf/types.ts";
import { ClosedError, InvalidArgumentError, NotFoundError, UnsupportedError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import { IteratorLink } from "../../src/links/iter.ts";
import type { AttachOptions } from "../../src/links/options.ts";
import { ESRCH } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import type { Native } from "../../src/linux/native.ts";
import { mounts } from "../../src/linux/procfs.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { BPF_MAP_TYPE_HASH } from "../../src/spec/map-types.ts";
import { Counter } from "./counter.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const here = { pid: process.pid };
const openFiles = (count: number) => {
  for (let i = 0; i < count; i++) closeSync(openSync("/dev/null", "r"));
};

describe("tracepoints", () => {
  it("count system calls while attached, and none after closing", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", here);
    const link = attachProgram(counter.program);
    openFiles(100);
    expect(counter.hits).toBe(100);
    expect(link.description).toBe("tracepoint syscalls:sys_enter_openat");
    link.close();
    link.close();
    openFiles(10);
    expect(counter.hits).toBe(100);
  });

  it("take another target than the section's", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", here);
    using _link = attachProgram(counter.program, { target: "syscalls:sys_enter_close" });
    openFiles(7);
    expect(counter.hits).toBe(7);
  });

  it("hand the program its cookie", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", { ...here, cookie: true });
    using _link = attachProgram(counter.program, { cookie: 0x1234_5678_9abc_def0n });
    openFiles(1);
    expect(counter.cookie).toBe(0x1234_5678_9abc_def0n);
  });

  it("of a closed program are refused, and later ones get their cookie all the same", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", { ...here, cookie: true });
    // A kernel that nobody has asked for its abilities yet.
    const kernel = new HostKernel(koffiNative());
    const closed = new Counter("tp/syscalls/sys_enter_openat", here);
    closed[Symbol.dispose]();
    expect(() => attachProgram({ ...closed.program, kernel })).toThrow(ClosedError);
    using _link = attachProgram({ ...counter.program, kernel }, { cookie: 5 });
    openFiles(1);
    expect(counter.cookie).toBe(5n);
  });

  it("refuse the same program twice, and take it again after closing", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", here);
    const link = attachProgram(counter.program);
    expect(() => attachProgram(counter.program)).toThrow(
      "already attached to tracepoint syscalls:sys_enter_openat",
    );
    link.close();
    using _again = attachProgram(counter.program);
    const before = counter.hits;
    openFiles(5);
    expect(counter.hits - before).toBe(5);
  });

  it("tell a wrong category from a wrong name, and suggest", () => {
    using counter = new Counter("tp");
    expect(() => attachProgram(counter.program)).toThrow(InvalidArgumentError);
    expect(() => attachProgram(counter.program, { target: "nonsense" })).toThrow(InvalidArgumentError);
    const next = (target: string) => {
      try {
        attachProgram(counter.program, { target });
      } catch (error) {
        if (error instanceof NotFoundError) return `${error.message} | ${error.next}`;
        throw error;
      }
      throw new Error("attached");
    };
    expect(next("syscall/sys_enter_openat")).toMatch(
      /no tracepoint category syscall .*did you mean .*syscalls/,
    );
    expect(next("sched/sched_swich")).toMatch(
      /no tracepoint sched:sched_swich .*did you mean .*sched_switch/,
    );
  });
});

describe("raw tracepoints", () => {
  it("see the raw arguments' event", () => {
    using counter = new Counter("raw_tp/sys_enter", here);
    const link = attachProgram(counter.program);
    openFiles(50);
    expect(counter.hits).toBeGreaterThanOrEqual(100);
    link.close();
    const after = counter.hits;
    openFiles(10);
    expect(counter.hits).toBe(after);
  });

  it("take another target than the section's", () => {
    using counter = new Counter("raw_tp/sys_enter", here);
    using link = attachProgram(counter.program, { target: "signal_generate" });
    for (let round = 0; round < 6; round++) process.kill(process.pid, "SIGURG");
    expect(counter.hits).toBe(6);
    expect(link.description).toBe("raw tracepoint signal_generate");
  });

  it("suggest a name when the kernel has none", () => {
    using counter = new Counter("raw_tp/sched_swich");
    expect(() => attachProgram(counter.program)).toThrow(NotFoundError);
  });
});

describe("BTF tracepoints", () => {
  it("count while attached", () => {
    using counter = new Counter("tp_btf/sys_enter", here);
    const link = attachProgram(counter.program);
    openFiles(50);
    expect(counter.hits).toBeGreaterThanOrEqual(100);
    link.close();
    const after = counter.hits;
    openFiles(10);
    expect(counter.hits).toBe(after);
  });
});

describe("iterators", () => {
  it("walk over all tasks, each time anew", () => {
    using counter = new Counter("iter/task", { writes: "task\n" });
    using link = attachProgram(counter.program);
    if (!(link instanceof IteratorLink)) throw new Error("not an iterator");
    const lines = link
      .text()
      .split("\n")
      .filter((line) => line === "task").length;
    // One more for the end, where the program is called without a task.
    expect(lines).toBeGreaterThan(2);
    expect(link.text()).toContain("task\ntask\n");
    expect(counter.hits).toBeGreaterThanOrEqual(2 * lines - 10);
  });

  it("can be restricted to one process", () => {
    using counter = new Counter("iter/task", { writes: "task\n" });
    using link = attachProgram(counter.program, { iterate: { pid: process.pid } });
    if (!(link instanceof IteratorLink)) throw new Error("not an iterator");
    const threads = Number(/^Threads:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    const lines = link.text().split("\n").length - 1;
    expect(lines).toBe(threads + 1);
  });
});

describe("iterators over one thing", () => {
  /** Objects seen: the program is called once more at the end, without one. */
  const seen = (counter: Counter, options: AttachOptions) => {
    using link = attachProgram(counter.program, options);
    if (!(link instanceof IteratorLink)) throw new Error("not an iterator");
    const before = counter.hits;
    link.read();
    return counter.hits - before - 1;
  };

  it("walk over the elements of a map", () => {
    const { bpf } = hostKernel();
    using counter = new Counter("iter/bpf_map_elem");
    using fd = bpf.mapCreate({ type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 16 });
    for (const key of [1, 2, 3])
      bpf.mapUpdate(fd, new Uint8Array(Uint32Array.of(key).buffer), new Uint8Array(4));
    const maps = (name: string) => (name === "three" ? { fd, valueSize: 4, maxEntries: 16 } : undefined);
    expect(seen(counter, { maps, iterate: { map: "three" } })).toBe(3);
    expect(() => attachProgram(counter.program, { maps, iterate: { map: "none" } })).toThrow(NotFoundError);
  });

  it("are refused what the kernel would take for something else, or pass over", () => {
    using tasks = new Counter("iter/task");
    using sockets = new Counter("iter/tcp");
    const attach = (counter: Counter, iterate: AttachOptions["iterate"]) => () =>
      attachProgram(counter.program, { ...(iterate && { iterate }) });
    expect(attach(tasks, { map: "some" })).toThrow("an iterator over task cannot be restricted that way");
    expect(attach(sockets, { pid: 1 })).toThrow("an iterator over tcp cannot be restricted that way");
    for (const wrong of [{ pid: -1 }, { tid: 0.5 }, { pid: 1, tid: 1 }])
      expect(attach(tasks, wrong)).toThrow(InvalidArgumentError);
    using _whole = attach(sockets, {})();
  });

  it("walk over a cgroup, up or down", (ctx) => {
    if (hostKernel().btf().find("bpf_iter_cgroup", BtfKind.Func) === undefined)
      ctx.skip("this kernel has no iterator over cgroups (6.1)");
    const root = mounts().find((mount) => mount.type === "cgroup2")?.point;
    const outer = `${root}/skep-iter-${process.pid}`;
    for (const path of [outer, `${outer}/a`, `${outer}/b`]) mkdirSync(path);
    try {
      using counter = new Counter("iter/cgroup");
      const walk = (cgroup: string, order?: "self" | "descendants" | "ancestors") =>
        seen(counter, { iterate: { cgroup, ...(order === undefined ? {} : { order }) } });
      expect(walk(outer)).toBe(3);
      expect(walk(outer, "descendants")).toBe(3);
      expect(walk(outer, "self")).toBe(1);
      expect(walk(`${outer}/a`, "ancestors")).toBe(3);
      expect(() => walk(`${outer}/none`)).toThrow(NotFoundError);
    } finally {
      for (const path of [`${outer}/b`, `${outer}/a`, outer]) rmdirSync(path);
    }
  });
});

describe("samples", () => {
  it("come from every CPU at about the asked frequency", async () => {
    using counter = new Counter("perf_event");
    const link = attachProgram(counter.program, { sample: { frequency: 199 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(counter.hits).toBeGreaterThan(20);
    link.close();
    const after = counter.hits;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(counter.hits).toBe(after);
  });

  it("can be restricted to one process", () => {
    using counter = new Counter("perf_event", here);
    using _link = attachProgram(counter.program, {
      pid: process.pid,
      sample: { event: "page-faults", period: 1 },
    });
    const pages = Buffer.alloc(8 << 20);
    for (let at = 0; at < pages.length; at += 4096) pages[at] = 1;
    expect(counter.hits).toBeGreaterThan(0);
  });

  it("pass over a thread that ends meanwhile, and say when all have", () => {
    using counter = new Counter("perf_event", here);
    const native = koffiNative();
    const ending = (threads: number) => {
      let opened = 0;
      const { perfEventOpen } = syscallNumbers();
      const syscall: Native["syscall"] = (number, ...args) =>
        number === perfEventOpen && opened++ < threads ? -ESRCH : native.syscall(number, ...args);
      return { ...counter.program, kernel: new HostKernel({ ...native, syscall }) };
    };
    // Node has threads besides the first.
    attachProgram(ending(1), here).close();
    expect(() => attachProgram(ending(1_000), here)).toThrow(`process ${process.pid} does not exist`);
  });

  it("of hardware events say so when there is no PMU", (ctx) => {
    using counter = new Counter("perf_event");
    try {
      attachProgram(counter.program, { sample: { event: "cycles" } }).close();
      ctx.skip("this machine has a PMU");
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as UnsupportedError).next).toMatch(/cpu-clock/);
    }
  });

  it("refuse a rate that is none", () => {
    using counter = new Counter("perf_event");
    expect(() => attachProgram(counter.program, { sample: { frequency: 0 } })).toThrow(InvalidArgumentError);
    expect(() => attachProgram(counter.program, { sample: { frequency: 1, period: 1 } })).toThrow(
      InvalidArgumentError,
    );
    expect(() => attachProgram(counter.program, { pid: 2 ** 31 - 1 })).toThrow(InvalidArgumentError);
    expect(() => attachProgram(counter.program, { sample: { frequency: 1e9 } })).toThrow(
      expect.objectContaining({ next: expect.stringContaining("kernel.perf_event_max_sample_rate") }),
    );
  });
});

describe("kprobes", () => {
  it("say that the kernel has none, where it has none", (ctx) => {
    if (hostKernel().config?.get("CONFIG_KPROBES") === "y") ctx.skip("this kernel has kprobes");
    using counter = new Counter("kprobe/do_unlinkat");
    try {
      attachProgram(counter.program).close();
      ctx.skip("this kernel has kprobes");
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as Error).message).toContain("CONFIG_KPROBES");
    }
  });

  it("need a target", () => {
    using counter = new Counter("kprobe");
    expect(() => attachProgram(counter.program)).toThrow('SEC("kprobe") of program counter names no target');
  });
});
