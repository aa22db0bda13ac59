/** What a hook makes of a kernel that lacks a file, or does not let it be read. Stands in for the files; calls are real unless said. */
import { describe, expect, it } from "vitest";
import {
  InvalidArgumentError,
  NotFoundError,
  PermissionError,
  SyscallError,
  UnsupportedError,
} from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import type { AttachOptions } from "../../src/links/options.ts";
import {
  EACCES,
  EADDRNOTAVAIL,
  EILSEQ,
  EINVAL,
  ENOENT,
  EOPNOTSUPP,
  EPERM,
  ESRCH,
} from "../../src/linux/errno.ts";
import { type Files, hostFiles } from "../../src/linux/files.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import type { Kernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import type { LoadedProgram } from "../../src/load/program.ts";
import { filesWith, type Said } from "../linux/files-with.ts";
import { type Fault, withFault } from "../linux/with-fault.ts";
import { Counter } from "./counter.ts";
import { compileNative, hasSdtHeader } from "./native-program.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const { perfEventOpen, fsopen, read } = syscallNumbers();
const EIO = 5;
const PMU = "/sys/bus/event_source/devices";
const KALLSYMS = "ffffffff81000000 T tcp_v4_connect\nffffffff81000100 t tcp_v6_connect\n";

/** This machine as it would be with other files, and perhaps a call that fails. */
function kernelWith(files: Files, fault?: Fault): Kernel {
  const native = koffiNative();
  return new HostKernel(fault === undefined ? native : withFault(native, fault), files);
}
const saying = (say: (path: string) => Said, fault?: Fault) => kernelWith(filesWith(say), fault);

/** The error of attaching a program of that section on that kernel. */
function refusal(section: string, kernel: Kernel, options: AttachOptions = {}): Error & { next?: string } {
  using counter = new Counter(section);
  return refusalOf({ ...counter.program, kernel }, options);
}

function refusalOf(program: LoadedProgram, options: AttachOptions = {}): Error & { next?: string } {
  try {
    attachProgram(program, options).close();
  } catch (error) {
    return error as Error;
  }
  throw new Error("attached");
}

describe("without tracefs", () => {
  const noTracefs = (path: string) =>
    path.includes("/mountinfo") ? "" : path.includes("tracing") ? ENOENT : undefined;

  it("a tracepoint says how to mount it", () => {
    const error = refusal("tp/sched/sched_switch", saying(noTracefs, { syscall: fsopen, errno: EPERM }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toBe("tracefs is not mounted");
    expect(error.next).toContain("mount -t tracefs");
  });

  it("a tracepoint is found in a tracefs that only this process sees", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", { pid: process.pid });
    using _link = attachProgram({ ...counter.program, kernel: saying(noTracefs) });
    hostFiles.read("/dev/null");
    expect(counter.hits).toBe(1);
  });

  it("a raw tracepoint that does not exist is refused without a suggestion", () => {
    const kernel = saying(noTracefs, { syscall: fsopen, errno: EPERM });
    expect(refusal("raw_tp/sched_swich", kernel).next).toContain("available_events");
  });
});

describe("with a tracefs that may not be read", () => {
  const locked = (path: string) =>
    path.includes("/events") || path.includes("available_") ? EACCES : undefined;

  it("a tracepoint says so", () => {
    const error = refusal("tp/sched/sched_switch", saying(locked));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.message).toMatch(/sched_switch\/id may not be read \(EACCES\)/);
    expect(error.next).toContain("CAP_DAC_READ_SEARCH");
  });

  it("a missing raw tracepoint is refused all the same", () => {
    const error = refusal("raw_tp/sched_swich", saying(locked));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.next).not.toContain("did you mean");
  });
});

describe.skipIf(!hasSdtHeader)("without the PMU of uprobes (before 4.17)", () => {
  const noPmu = (path: string) => (path.startsWith(`${PMU}/uprobe`) ? ENOENT : undefined);

  it.each([
    ["uprobe", "work", 12],
    ["uretprobe", "more_work", 12],
    ["usdt", "skep:args", 24],
  ])("a %s is made through tracefs, counts, and is removed on close", (section, place, hits) => {
    using probes = compileNative("probes.c");
    using counter = new Counter(section);
    const kernel = saying(noPmu);
    const program = { ...counter.program, kernel };
    const made = () =>
      hostFiles.read(`${kernel.tracefs}/uprobe_events`).toString().split(`skep_${process.pid}_`).length - 1;
    const link = attachProgram(program, { target: `${probes.path}:${place}` });
    expect(made()).toBe(section === "usdt" ? 2 : 1);
    probes.run("12");
    expect(counter.hits).toBe(hits);
    link.close();
    expect(made()).toBe(0);
    probes.run("12");
    expect(counter.hits).toBe(hits);
  });

  it("a uprobe of one process is refused", () => {
    using probes = compileNative("probes.c");
    const options = { target: `${probes.path}:work`, pid: process.pid };
    const error = refusal("uprobe", saying(noPmu), options);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain("needs Linux 4.17");
  });

  it("a probe that tracefs does not take leaves nothing, and says which file refused", () => {
    using probes = compileNative("probes.c");
    const files = {
      ...filesWith(noPmu),
      append: (path: string) => filesWith(() => EIO).append(path, ""),
    };
    const error = refusal("uprobe", kernelWith(files), { target: `${probes.path}:work` });
    expect(error).toBeInstanceOf(SyscallError);
    expect(error.message).toMatch(/uprobe \S+:work .*EIO/);
  });

  it("and without uprobe_events there are no uprobes", () => {
    using probes = compileNative("probes.c");
    const kernel = saying((path) => (path.endsWith("/uprobe_events") ? ENOENT : noPmu(path)));
    const error = refusal("uprobe", kernel, { target: `${probes.path}:work` });
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain("CONFIG_UPROBES");
  });
});

describe("without CAP_SYS_ADMIN, on kernels that want it for uprobes", () => {
  it("a uprobe says so", () => {
    const kernel = saying(() => undefined, { syscall: perfEventOpen, errno: EACCES });
    const error = refusal("uprobe", kernel, { target: "/bin/sh:0x100" });
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.next).toContain("CAP_SYS_ADMIN");
  });

  it("a kernel that does not let CAP_PERFMON do is named, and what changes it", () => {
    const strict = (path: string) => (path.endsWith("/perf_event_paranoid") ? "3\n" : undefined);
    const kernel = saying(strict, { syscall: perfEventOpen, errno: EACCES });
    for (const error of [
      refusal("uprobe", kernel, { target: "/bin/sh:0x100" }),
      refusal("tp/sched/sched_switch", kernel),
    ]) {
      expect(error).toBeInstanceOf(PermissionError);
      expect(error.next).toContain("sysctl kernel.perf_event_paranoid=2");
    }
  });
});

describe.skipIf(!hasSdtHeader)("a USDT probe with a semaphore", () => {
  it.each([
    ["the PMU", "nothing"],
    ["tracefs", `${PMU}/uprobe`],
  ])("has it raised by %s while attached", (_way, hidden) => {
    using guarded = compileNative("semaphore.c");
    using counter = new Counter("usdt");
    const kernel = saying((path) => (path.startsWith(hidden) ? ENOENT : undefined));
    const link = attachProgram({ ...counter.program, kernel }, { target: `${guarded.path}:skep:guarded` });
    guarded.run("7");
    expect(counter.hits).toBe(7);
    link.close();
    guarded.run("7");
    expect(counter.hits).toBe(7);
  });

  it("is refused where the PMU knows no semaphores (before 4.20)", () => {
    using guarded = compileNative("semaphore.c");
    const kernel = saying((path) => (path.endsWith("/ref_ctr_offset") ? ENOENT : undefined));
    const error = refusal("usdt", kernel, { target: `${guarded.path}:skep:guarded` });
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain("needs Linux 4.20");
  });
});

describe("kprobes", () => {
  /** A kernel that has the PMU, whichever this one has, and refuses the probe. */
  const refusing = (errno: number, symbols: Said = KALLSYMS) =>
    saying(
      (path) => {
        if (path === `${PMU}/kprobe/type`) return "6\n";
        if (path.startsWith(`${PMU}/kprobe/format/`)) return "config:0\n";
        if (path.includes("available_filter_functions")) return EPERM;
        return path === "/proc/kallsyms" ? symbols : undefined;
      },
      { syscall: perfEventOpen, errno },
    );

  it.each([
    [ENOENT, NotFoundError, "no function tcp_v4_conect", "did you mean tcp_v4_connect"],
    [EINVAL, NotFoundError, "no function tcp_v4_conect", "did you mean tcp_v4_connect"],
    [EADDRNOTAVAIL, InvalidArgumentError, "several functions of this kernel are called", "pass the address"],
    [EILSEQ, InvalidArgumentError, "in the middle of an instruction", "another offset"],
    [EACCES, PermissionError, "not allowed to attach to kprobe tcp_v4_conect", "CAP_PERFMON"],
    [EIO, SyscallError, "attaching to kprobe tcp_v4_conect failed in perf_event_open: EIO", ""],
  ])("errno %i of the kernel is told in words", (errno, type, message, next) => {
    const error = refusal("kprobe/tcp_v4_conect", refusing(errno));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(message);
    expect(error.next).toContain(next);
  });

  it("a function that exists and may not be probed is no missing one", () => {
    const error = refusal("kretprobe/tcp_v4_connect", refusing(EINVAL));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain("may not be probed");
  });

  it("kallsyms that may not be read take no function for missing, and suggest none", () => {
    expect(refusal("kprobe/tcp_v4_connect", refusing(EINVAL, EACCES))).toBeInstanceOf(UnsupportedError);
    expect(refusal("kprobe/tcp_v4_conect", refusing(ENOENT, EACCES)).next).toContain("may be inlined");
  });

  it("a system call is tried by every name that it may have", () => {
    const error = refusal("ksyscall/unlinkatt", refusing(ENOENT));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toBe("this kernel has no system call unlinkatt");
  });
});

describe("kprobe.multi", () => {
  const functions = (said: Said, addressed: Said = ENOENT, fault?: number) =>
    saying(
      (path) => {
        if (path.endsWith("/available_filter_functions_addrs")) return addressed;
        if (path.endsWith("/available_filter_functions")) return said;
        return path === "/proc/kallsyms" ? KALLSYMS : undefined;
      },
      fault === undefined ? undefined : { command: "BPF_LINK_CREATE", errno: fault },
    );
  const list = "tcp_v4_connect\ntcp_v6_connect [ipv6]\nudp_sendmsg\n";

  it("resolves a pattern from the list, with addresses where the kernel tells them", () => {
    const addressed = "ffffffff81000000 tcp_v4_connect\nffffffff81000100 tcp_v6_connect\n";
    for (const kernel of [functions(list, ENOENT, EOPNOTSUPP), functions(EACCES, addressed, EOPNOTSUPP)]) {
      const error = refusal("kprobe.multi/tcp_v?_connect", kernel);
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(error.message).toContain("(2 functions)");
    }
  });

  it("suggests a name when nothing matches", () => {
    const error = refusal("kprobe.multi/tcp_v4_conect*", functions(list));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.next).toContain("did you mean tcp_v4_connect");
  });

  it("guesses from kallsyms when the list may not be read, and says so when the guess is refused", () => {
    const error = refusal("kprobe.multi/tcp_*", functions(EPERM, EPERM, ESRCH));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.next).toContain("name functions one by one");
  });
});

describe("LSM hooks", () => {
  const program = { name: "hook", spec: { section: "lsm/inode_unlink", definition: { link: "lsm" } } };
  const hook = (said: Said, errno: number) =>
    ({
      ...program,
      fd: { raw: 0 },
      kernel: saying((path) => (path === "/sys/kernel/security/lsm" ? said : undefined), {
        command: "BPF_LINK_CREATE",
        errno,
      }),
    }) as unknown as LoadedProgram;

  it("are refused where the kernel leaves out the BPF security module", () => {
    const error = refusalOf(hook("lockdown,yama\n", EIO));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.next).toContain("lsm=lockdown,yama,bpf");
  });

  it("are attached where it is named", () => {
    expect(refusalOf(hook("lockdown,bpf\n", EIO)).message).toMatch(/failed in bpf\(BPF_LINK_CREATE\): EIO/);
  });
});

describe("iterators", () => {
  it("are asked again when the kernel has nothing to say yet", () => {
    using counter = new Counter("iter/task", { writes: "task\n" });
    const kernel = saying(() => undefined, { syscall: read, errno: 11, times: 2 });
    using link = attachProgram({ ...counter.program, kernel }) as ReturnType<typeof attachProgram> & {
      text(): string;
    };
    expect(link.text()).toContain("task\n");
  });

  it("pass on what reading fails with", () => {
    using counter = new Counter("iter/task", { writes: "task\n" });
    const kernel = saying(() => undefined, { syscall: read, errno: EIO });
    using link = attachProgram({ ...counter.program, kernel }) as ReturnType<typeof attachProgram> & {
      text(): string;
    };
    expect(() => link.text()).toThrow(/read: EIO/);
  });
});
