import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  BpfError,
  RelocationError,
  type SyscallError,
  UnsupportedError,
  VerifierError,
} from "../../src/errors.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { versionCode } from "../../src/linux/kernel-version.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

const bytes = compileFixture("load/refused.bpf.c");

function loadOnly(name: string) {
  const spec = open(bytes, { name: "refused" });
  for (const program of spec.programs.values()) program.autoload = program.name === name;
  return spec.load();
}

function refusalOf(name: string): BpfError {
  try {
    loadOnly(name).close();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error(`${name} was loaded`);
}

describe("a program that the kernel refuses", () => {
  it("is told apart from one that it takes", () => {
    using object = loadOnly("works");
    expect(object.program("works").tag).toMatch(/^[0-9a-f]{16}$/);
  });

  it("names the C line and the verifier's complaint", () => {
    const error = refusalOf("forgets_null_check") as VerifierError;
    expect(error).toBeInstanceOf(VerifierError);
    expect(error.message).toMatch(
      /forgets_null_check at .*refused\.bpf\.c:\d+ `\*count \+= 1;`: R0 invalid mem access/,
    );
    expect(error.telling.join("\n")).toContain("map_value_or_null");
    expect(error.next).toBe("compare the pointer with NULL before using it");
    expect(error.log.length).toBeGreaterThan(100);
  });

  it("names the member that this kernel lacks", () => {
    const error = refusalOf("reads_missing_member");
    expect(error).toBeInstanceOf(RelocationError);
    expect(error.message).toMatch(
      /this kernel has no struct task_struct with a member no_such_member \(0:0\), needed by/,
    );
    expect(error.next).toContain("bpf_core_field_exists");
  });

  it("names the member that this kernel has in another size", () => {
    const error = refusalOf("reads_member_too_narrow");
    expect(error).toBeInstanceOf(RelocationError);
    expect(error.message).toMatch(
      /^struct task_struct\.pid \(0:0\) is 4 bytes in this kernel and 2 bytes in the program, which program reads_member_too_narrow at .*refused\.bpf\.c:\d+ reads$/,
    );
    expect(error.next).toContain("declare the member as this kernel has it");
  });

  it("names the enumerator that this kernel lacks", () => {
    expect(refusalOf("wants_missing_enumerator").message).toContain(
      "this kernel has no enumerator NO_SUCH_ENUMERATOR in enum bpf_map_type",
    );
  });

  it("is loaded when what is missing is guarded", () => {
    loadOnly("guards_missing_member").close();
  });

  it("is loaded when one of several prototypes of a kernel function is this kernel's", () => {
    loadOnly("chooses_a_prototype").close();
  });

  it("names the kernel function that does not exist", () => {
    expect(refusalOf("calls_missing_kfunc").message).toContain("kernel function no_such_kfunc()");
  });

  it("names the helper that it may not call", () => {
    expect(refusalOf("calls_unknown_helper")).toBeInstanceOf(UnsupportedError);
    expect(refusalOf("calls_unknown_helper").message).toContain("(#9999)");
    expect(refusalOf("calls_forbidden_helper").message).toContain("BPF_PROG_TYPE_SOCKET_FILTER");
  });

  it("names the tracepoint or function that this kernel does not have", () => {
    expect(refusalOf("no_tracepoint").message).toContain("no tracepoint no_such_tracepoint");
    expect(refusalOf("no_function").message).toContain("no function no_such_function");
    expect(refusalOf("no_module")).toMatchObject({
      message: "module no_such_module, which program no_module attaches to, is not loaded, or has no BTF",
      next: expect.stringContaining("modprobe no_such_module"),
    });
  });

  it("says what was probably meant", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "no_tracepoint";
    spec.program("no_tracepoint").target = "sched_swich";
    expect(() => spec.load()).toThrow(
      expect.objectContaining({ next: expect.stringContaining("sched_switch") }),
    );
  });

  it("says that the section names no target", () => {
    expect(refusalOf("says_no_target").message).toContain('SEC("tp_btf") names nothing to attach to');
  });

  it.each([
    ["forgets_the_bound", /unbounded|invalid access to map value|(?:min|max) value/, "bound the index"],
    ["keeps_its_record", /Unreleased reference|reference leak/, "bpf_ringbuf_discard()"],
    ["reads_raw_memory", /invalid mem access '(?:scalar|inv)'/, "BPF_CORE_READ()"],
    ["never_ends", /too large|infinite loop|back-edge|too complex/, "constant bound"],
  ])("says what to do about %s", (name, complaint, advice) => {
    const error = refusalOf(name);
    expect(error).toBeInstanceOf(VerifierError);
    expect(error.message).toMatch(complaint);
    expect(error.next).toContain(advice);
  });

  it.for([
    { how: "without BTF", options: { debug: false }, complaint: /missing btf func_info/, advice: "-g" },
    { how: "slow", options: { flags: ["-O0"] }, complaint: /unknown opcode 8d/, advice: "-O2" },
  ])("says what to do about callbacks that were compiled $how", ({ options, complaint, advice }, ctx) => {
    if (hostKernel().version < versionCode(5, 17)) return ctx.skip("bpf_loop() needs Linux 5.17");
    const load = () => open(compileFixture("load/callback.bpf.c", options)).load();
    expect(load).toThrow(complaint);
    expect(load).toThrow(
      expect.objectContaining({ next: expect.stringContaining(`compile with ${advice}`) }),
    );
  });

  it("has to be of a type, which a misspelt section does not give", () => {
    expect(refusalOf("misspelt_section")).toMatchObject({
      code: "ERR_BPF_INVALID_ARGUMENT",
      message:
        'program misspelt_section has no type: SEC("tracepiont/sched/sched_switch") is not a known name',
      next: expect.stringMatching(/^did you mean .*tracepoint/),
    });
  });

  it("says that the machine forbids trampolines, and never speaks of ulimit", (ctx) => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "needs_trampoline";
    let error: unknown;
    try {
      spec.load().close();
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof UnsupportedError)) return ctx.skip("this kernel allows trampolines");
    expect(error.message).toContain("forbids programs that patch its functions");
    expect(error.next).not.toContain("ulimit");
    expect((error.cause as SyscallError).errno).toBe(1);
  });

  it("leaves no descriptor behind", () => {
    hostKernel().btf();
    const descriptors = () => readdirSync("/proc/self/fd").length;
    refusalOf("forgets_null_check");
    const before = descriptors();
    for (const name of ["forgets_null_check", "reads_missing_member", "no_tracepoint", "calls_missing_kfunc"])
      refusalOf(name);
    loadOnly("works").close();
    expect(descriptors()).toBe(before);
  });
});
