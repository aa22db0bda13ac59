import { describe, expect, it } from "vitest";
import { PermissionError } from "../../src/errors.ts";
import { ENOMEM, EPERM } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { featuresOf } from "../../src/load/features.ts";
import { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_TRACEPOINT } from "../../src/spec/program-types.ts";
import { withFault } from "../linux/with-fault.ts";
import { featureAnswers, reached, reasonForAbsence } from "./feature-answers.ts";

const kernel = hostKernel();

describe("a kernel that is new enough has", () => {
  for (const { name, since, ask } of featureAnswers(featuresOf(kernel))) {
    it(`${name} (since ${since})`, (ctx) => {
      const answer = ask();
      if (!reached(kernel.version, since)) return ctx.skip(`older: the answer is ${answer}`);
      const reason = answer ? undefined : reasonForAbsence(kernel, name);
      if (reason !== undefined) return ctx.skip(reason);
      expect(answer).toBe(true);
    });
  }
});

describe("helpers", () => {
  const features = featuresOf(kernel);
  const BPF_FUNC_PROBE_READ = 4;
  const BPF_FUNC_KTIME_GET_NS = 5;

  it("are told apart by program type", () => {
    expect(features.hasHelper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_PROBE_READ)).toBe(true);
    expect(features.hasHelper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_KTIME_GET_NS)).toBe(true);
    expect(features.hasHelper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_PROBE_READ)).toBe(false);
    expect(features.hasHelper(BPF_PROG_TYPE_TRACEPOINT, 99_999)).toBe(false);
  });
});

describe("answers", () => {
  it("are kept: a second question costs no call", () => {
    const native = withFault(koffiNative(), { command: "BPF_BTF_LOAD", errno: EPERM, times: 0 });
    const features = featuresOf(new HostKernel(native));
    expect([features.btf, features.btf, features.btf]).toEqual([true, true, true]);
    expect(native.seen()).toBe(1);
  });

  it("that are refused are neither yes nor no, and asked for again", () => {
    const native = withFault(koffiNative(), { command: "BPF_MAP_CREATE", errno: EPERM, times: 1 });
    const features = featuresOf(new HostKernel(native));
    expect(() => features.ringBuffer).toThrow(PermissionError);
    expect(features.ringBuffer).toBe(true);
  });

  it("do not mistake lack of memory for lack of a feature", () => {
    const native = withFault(koffiNative(), { command: "BPF_MAP_CREATE", errno: ENOMEM });
    expect(() => featuresOf(new HostKernel(native)).ringBuffer).toThrow(/ENOMEM/);
  });
});
