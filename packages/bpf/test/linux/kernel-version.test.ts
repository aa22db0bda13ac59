import { describe, expect, it } from "vitest";
import { trueVersion, versionCode } from "../../src/linux/kernel-version.ts";

describe("the kernel's true version", () => {
  const cases = [
    ["plain", "6.18.44-fc", "#1 SMP", undefined, "6.18.44"],
    ["two numbers", "6.12-rc3", "#1 SMP", undefined, "6.12.0"],
    ["Debian", "6.1.0-17-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.69-1 (2023-12-30)", undefined, "6.1.69"],
    ["Ubuntu", "5.15.0-91-generic", "#101-Ubuntu SMP", "Ubuntu 5.15.0-91.101-generic 5.15.131", "5.15.131"],
    ["a sub-level above 255", "4.9.337", "#1 SMP", undefined, "4.9.255"],
    ["nothing that is a version", "unknown", "", undefined, "0.0.0"],
  ] as const;
  it.each(cases)("is found on %s", (_name, release, version, signature, expected) => {
    const [major = 0, minor, patch] = expected.split(".").map(Number);
    expect(trueVersion({ release, version, signature })).toBe(versionCode(major, minor ?? 0, patch));
  });

  it("is packed as KERNEL_VERSION does", () => {
    expect(versionCode(5, 10, 46)).toBe(0x050a2e);
  });
});
