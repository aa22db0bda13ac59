import {
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  PermissionError,
  RelocationError,
  SyscallError,
  UnsupportedError,
  VerifierError,
} from "@skep/bpf";
import { describe, expect, it } from "vitest";
import { explain } from "../src/explain.ts";
import { summaryText } from "../src/output/summary.ts";
import { UsageError } from "../src/usage-error.ts";

describe("explain", () => {
  it.each([
    [new UsageError("no such flag", "see --help"), 64],
    [new InvalidArgumentError("7 is no pid", "give another"), 64],
    [new MalformedError("cut off", "copy it again"), 65],
    [new UnsupportedError("no kprobes here", "use a tracepoint"), 69],
    [new NotFoundError("no function x", "did you mean y"), 69],
    [new RelocationError("no member x", "guard it"), 69],
    [new SyscallError("bpf(BPF_MAP_CREATE)", 12, "no memory", "free some"), 1],
  ])("says cause and way out of %o, exit code %i", (error, exitCode) => {
    expect(explain(error)).toEqual({ lines: [error.message, error.next], exitCode });
  });

  it("puts missing rights into one line", () => {
    const error = new PermissionError("x needs CAP_BPF", "run it with sudo");
    expect(explain(error)).toEqual({ lines: ["x needs CAP_BPF: run it with sudo"], exitCode: 77 });
  });

  it("shows what the verifier said between cause and way out", () => {
    const telling = ["R1 invalid mem access 'scalar'"];
    const error = new VerifierError("p was rejected", "check the pointer", {
      program: "p",
      log: "",
      telling,
    });
    expect(explain(error)).toEqual({
      lines: [
        "p was rejected",
        "  R1 invalid mem access 'scalar'",
        "check the pointer",
        "see all that the verifier said: add --verbose",
      ],
      exitCode: 69,
    });
  });

  it.each([
    [
      'pass sample: { event: "cpu-clock" }, which works everywhere',
      "add --event cpu-clock, which works everywhere",
    ],
    ["pass the pid of a running process", "give --pid the id of a running process"],
    [
      "use a kernel with BTF, or pass a BTF file made for this kernel",
      "use a kernel with BTF, or give types made for this kernel: --btf FILE",
    ],
    ["use a SEC() name, or set the program's type before load", "use a SEC() name"],
    ["pass a positive integer", "give a positive integer"],
    ["use a tracepoint", "use a tracepoint"],
  ])("puts advice for programmers into words of the command line: %s", (advice, words) => {
    expect(explain(new UnsupportedError("no", advice)).lines).toEqual(["no", words]);
  });

  it("keeps from the terminal what a file put into an error", () => {
    expect(explain(new UnsupportedError("no \x1b[2J\r", "a\tb\n\x07")).lines).toEqual([
      "no \\x1b[2J\\r",
      "a\tb\n\\x07",
    ]);
  });

  it("tells files that are missing or closed to us from mistakes of ours", () => {
    const file = (code: string) => Object.assign(new Error(`${code}: x`), { code, syscall: "open" });
    expect(explain(file("ENOENT")).exitCode).toBe(66);
    expect(explain(file("EACCES")).exitCode).toBe(77);
    expect(explain(new TypeError("x is not a function")).exitCode).toBe(70);
  });
});

describe("summaryText", () => {
  it("is one line with events and losses", () => {
    expect(summaryText("x", { events: 1, lost: 0n, milliseconds: 1234 })).toBe(
      "x: 1 event, 0 lost, in 1.2 s",
    );
    expect(summaryText("x", { events: 2, lost: 3n, milliseconds: 0 })).toBe("x: 2 events, 3 lost, in 0.0 s");
  });
});
