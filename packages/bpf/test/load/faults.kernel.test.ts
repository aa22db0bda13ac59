import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  InvalidArgumentError,
  NotFoundError,
  PermissionError,
  SyscallError,
  UnsupportedError,
} from "../../src/errors.ts";
import { E2BIG, EINVAL, ENOMEM, ENOSPC, EPERM } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel, type Kernel } from "../../src/linux/kernel.ts";
import { featuresOf } from "../../src/load/features.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { type Fault, withFault } from "../linux/with-fault.ts";

const bytes = compileFixture("load/refused.bpf.c");
const parts = compileFixture("load/parts.bpf.c");

function worksOnly(kernel: Kernel) {
  const spec = open(bytes);
  for (const program of spec.programs.values()) program.autoload = program.name === "works";
  return () => spec.load({ kernel });
}

/** This machine, after every feature is probed, with one call that fails. */
function faulty(fault: Fault): Kernel {
  let active = false;
  const real = hostKernel().native;
  const broken = withFault(real, fault);
  const kernel = new HostKernel({ ...real, syscall: (...args) => (active ? broken : real).syscall(...args) });
  const features = featuresOf(kernel);
  for (const name of [
    "programName",
    "globalData",
    "mmapableArray",
    "btf",
    "btfFunc",
    "btfGlobalFunc",
    "btfDatasec",
  ] as const) {
    void features[name];
  }
  void features.progBindMap;
  active = true;
  return kernel;
}

/** This machine with some of its facts replaced. */
function withFacts(facts: Partial<Kernel>): Kernel {
  return new Proxy(hostKernel(), {
    get(target, name) {
      if (Object.hasOwn(facts, name)) return facts[name as keyof Kernel];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a load in which the kernel fails", () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;

  it("is none when only the verifier's log is longer than any buffer", () => {
    const kernel = faulty({ command: "BPF_PROG_LOAD", errno: ENOSPC, times: 3 });
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "works";
    using object = spec.load({ kernel, logLevel: 2 });
    expect(object.program("works").tag).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    [
      "BPF_MAP_CREATE",
      EPERM,
      PermissionError,
      /not allowed to create map counts \(BPF_MAP_TYPE_HASH, key 4 bytes/,
    ],
    ["BPF_MAP_CREATE", ENOMEM, SyscallError, /no memory for map counts/],
    ["BPF_MAP_CREATE", EINVAL, UnsupportedError, /does not take map counts/],
    [
      "BPF_PROG_LOAD",
      E2BIG,
      UnsupportedError,
      /program works has 2 instructions, more than this kernel takes/,
    ],
    ["BPF_PROG_LOAD", EINVAL, UnsupportedError, /does not take programs of type BPF_PROG_TYPE_TRACEPOINT/],
    ["BPF_PROG_LOAD", EPERM, PermissionError, /the kernel does not allow program works/],
    ["BPF_PROG_LOAD", ENOMEM, SyscallError, /cannot load program works of object: ENOMEM/],
  ] as const)(
    "%s with errno %i says what and why, and leaves nothing behind",
    (command, errno, type, message) => {
      const load = worksOnly(faulty({ command, errno }));
      const before = descriptors();
      expect(load).toThrow(type);
      expect(load).toThrow(message);
      expect(descriptors()).toBe(before);
    },
  );

  it("goes on without BTF when the kernel does not take it, and says so", () => {
    const warnings: string[] = [];
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "works";
    const kernel = faulty({ command: "BPF_BTF_LOAD", errno: EINVAL });
    spec.load({ kernel, onWarning: (message) => warnings.push(message) }).close();
    expect(warnings.join()).toMatch(/does not take the BTF/);
  });

  it("says that a map has no entries", () => {
    const spec = open(bytes);
    spec.map("counts").maxEntries = 0;
    expect(() => spec.load()).toThrow(InvalidArgumentError);
  });
});

describe("a kernel without BTF", () => {
  const bare = () =>
    withFacts({
      btf() {
        throw new UnsupportedError("this kernel offers no BTF", "use another kernel");
      },
    });

  it("loads what does not ask for its types", () => {
    worksOnly(bare())().close();
  });

  it("is told when its types are needed", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "guards_missing_member";
    expect(() => spec.load({ kernel: bare() })).toThrow(/offers no BTF/);
  });
});

describe("a kernel that does not tell its configuration", () => {
  it("gives weak options 0, and refuses strong ones unless they are passed", () => {
    const kernel = withFacts({ config: undefined });
    const spec = open(parts);
    for (const program of spec.programs.values()) program.autoload = false;
    using object = spec.load({ kernel, kconfig: { CONFIG_BPF_SYSCALL: "y" } });
    expect(object.programs.size).toBe(0);
    expect(object.variables.get("CONFIG_BPF_SYSCALL")).toBe(true);
    expect(object.variables.get("CONFIG_HZ")).toBe(0);
  });
});

describe("a verifier log that was asked for", () => {
  it("comes with the program", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "works";
    using object = spec.load({ logLevel: 2 });
    expect(object.program("works").verifierLog).toMatch(/processed \d+ insns/);
  });
});

describe("a program that attaches to another program", () => {
  const load = (name: string) => {
    using target = open(parts).load();
    const spec = open(compileFixture("load/replace.bpf.c"));
    for (const program of spec.programs.values()) program.autoload = program.name === name;
    spec.program(name).targetProgram = target.program("parts").fd;
    spec.load().close();
  };

  it("finds its function in the target's BTF", () => {
    try {
      load("replaces");
    } catch (error) {
      // Where trampolines are forbidden or the target cannot be replaced, the kernel says so: the function was found.
      expect(error).not.toBeInstanceOf(NotFoundError);
    }
    expect(() => load("replaces_nothing")).toThrow(/the target program has no function no_such_function/);
  });

  it("wants to be told which program", () => {
    const spec = open(compileFixture("load/replace.bpf.c"));
    expect(() => spec.load()).toThrow(/set `targetProgram`|replaces function deeper of another program/);
  });
});
