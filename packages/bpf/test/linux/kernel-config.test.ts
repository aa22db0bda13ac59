import { expect, it } from "vitest";
import { parseKernelConfig } from "../../src/linux/kernel-config.ts";

it("reads options, the first value of each, and leaves out what is off", () => {
  const config = parseKernelConfig(`# Linux/x86 6.1 Kernel Configuration
CONFIG_HZ=250
CONFIG_BPF=y
CONFIG_BPF=m
# CONFIG_KPROBES is not set
CONFIG_DEFAULT_HOSTNAME="(none)"
CONFIG_CC_VERSION_TEXT="gcc = 12"
not an option`);
  expect([...config]).toEqual([
    ["CONFIG_HZ", "250"],
    ["CONFIG_BPF", "y"],
    ["CONFIG_DEFAULT_HOSTNAME", '"(none)"'],
    ["CONFIG_CC_VERSION_TEXT", '"gcc = 12"'],
  ]);
});
