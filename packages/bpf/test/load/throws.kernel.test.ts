import { expect, it } from "vitest";
import { hostKernel } from "../../src/linux/kernel.ts";
import { versionCode } from "../../src/linux/kernel-version.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

const ETHERNET_FRAME = 64;

it("a program that throws returns what the function says that it names for that", (ctx) => {
  const kernel = hostKernel();
  if (kernel.version < versionCode(6, 7)) return ctx.skip("bpf_throw() needs Linux 6.7");
  using object = open(compileFixture("load/throws.bpf.c")).load();
  const run = (name: string) =>
    kernel.bpf.progTestRun({ program: object.program(name).fd, dataIn: new Uint8Array(ETHERNET_FRAME) })
      .returnValue;
  expect(run("returns")).toBe(1);
  expect(run("throws")).toBe(42);
});
