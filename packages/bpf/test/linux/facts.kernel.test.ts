/** What the kernel's facts become when the files that tell them are missing, locked or odd. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MalformedError, NotFoundError, PermissionError, SyscallError } from "../../src/errors.ts";
import { EACCES, EBADF, ENOENT } from "../../src/linux/errno.ts";
import { hostFiles } from "../../src/linux/files.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { lockdown, securityModules } from "../../src/linux/lockdown.ts";
import { openPath } from "../../src/linux/open-path.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { featuresOf } from "../../src/load/features.ts";
import { filesWith, type Said } from "./files-with.ts";
import { withFault } from "./with-fault.ts";

const saying = (say: (path: string) => Said) => new HostKernel(koffiNative(), filesWith(say));

describe("files", () => {
  it("fail with the call, the path and the errno", () => {
    const failure = (action: () => unknown) => {
      try {
        action();
      } catch (error) {
        if (error instanceof SyscallError) return error.message;
      }
      return "no failure";
    };
    expect(failure(() => hostFiles.read("/no/such"))).toMatch(/^read of \/no\/such: ENOENT/);
    expect(failure(() => hostFiles.list("/dev/null"))).toMatch(/^readdir of \/dev\/null: ENOTDIR/);
    expect(failure(() => hostFiles.append("/proc/version", "x"))).toMatch(/^write of \/proc\/version: E/);
    expect(failure(() => hostFiles.remove("/no/such"))).toMatch(/^unlink of \/no\/such: ENOENT/);
    expect(failure(() => hostFiles.open("/no/such"))).toMatch(/^open of \/no\/such: ENOENT/);
    expect(hostFiles.exists("/no/such")).toBe(false);
    expect(() => hostFiles.read("a\0b")).toThrow(TypeError);
  });

  it("that are opened are named in errors by what they are", () => {
    const path = "/sys/fs/cgroup/x";
    expect(() =>
      openPath(
        saying(() => EACCES),
        path,
        "cgroup",
      ),
    ).toThrow(PermissionError);
    expect(() =>
      openPath(
        saying(() => EACCES),
        path,
        "cgroup",
      ),
    ).toThrow(`cgroup ${path} may not be opened`);
    expect(() =>
      openPath(
        saying(() => ENOENT),
        path,
        "cgroup",
      ),
    ).toThrow(`cgroup ${path} cannot be opened`);
  });
});

describe("CPUs", () => {
  it("are refused when the kernel's list is none, or is not there", () => {
    expect(() => saying(() => "many").possibleCpus).toThrow(MalformedError);
    expect(() => saying(() => ENOENT).onlineCpus()).toThrow(NotFoundError);
  });

  it("are counted by the highest number, however many there are", () => {
    expect(saying(() => "0-1,6\n").possibleCpus).toBe(7);
  });
});

describe("the kernel's configuration", () => {
  it("is unknown when no file tells it", () => {
    expect(saying(() => ENOENT).config).toBeUndefined();
  });

  it("is unpacked from /proc where /boot has none", () => {
    const packed = gzipSync("CONFIG_HZ=250\n");
    const files = {
      ...filesWith(() => ENOENT),
      read: (path: string) => (path === "/proc/config.gz" ? packed : filesWith(() => ENOENT).read(path)),
    };
    expect(new HostKernel(koffiNative(), files).config?.get("CONFIG_HZ")).toBe("250");
  });
});

describe("modules with BTF", () => {
  it("are none where sysfs shows none", () => {
    expect(saying(() => ENOENT).moduleBtfs()).toEqual([]);
  });
});

describe("probes of what can be attached", () => {
  const noProbes = (path: string) => (/\/[ku]probe(\/type|_events)$/.test(path) ? ENOENT : undefined);

  it("say no where neither a PMU nor tracefs makes probes", () => {
    const features = featuresOf(saying(noProbes));
    expect([features.kprobes, features.uprobes]).toEqual([false, false]);
  });

  it("say yes where one of them does", () => {
    const say = (path: string) => (path.endsWith("probe_events") ? "" : noProbes(path));
    const features = featuresOf(saying(say));
    expect([features.kprobes, features.uprobes]).toEqual([true, true]);
  });

  it("take a system call's wrapper to be there when kallsyms may not be read", () => {
    const kallsyms = (said: Said) => saying((path) => (path === "/proc/kallsyms" ? said : undefined));
    expect(featuresOf(kallsyms(EACCES)).syscallWrapper).toBe(true);
    expect(featuresOf(kallsyms("ffffffff81000000 T __se_sys_bpf\n")).syscallWrapper).toBe(false);
  });
});

describe("securityfs that is not mounted", () => {
  const { native } = hostKernel();
  const hidden = (said: number) => filesWith((path) => (path.startsWith("/sys/") ? said : undefined));

  it.each([ENOENT, EACCES])("is mounted for this process alone (errno %i)", (said) => {
    expect(securityModules(native, hidden(said))).toEqual(securityModules(native));
    expect(lockdown(native, hidden(said))).toBe(lockdown(native));
  });

  it("tells nothing where that is refused", () => {
    const refusing = withFault(native, { syscall: syscallNumbers().fsopen, errno: EBADF });
    expect(securityModules(refusing, hidden(ENOENT))).toBeUndefined();
    expect(lockdown(refusing, hidden(ENOENT))).toBeUndefined();
  });
});
