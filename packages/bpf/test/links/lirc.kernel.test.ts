import { expect, it } from "vitest";
import { BpfError, InvalidArgumentError, NotFoundError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import { BPF_COMMAND } from "../../src/linux/bpf-commands.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { matchSection } from "../../src/spec/sections.ts";
import { Counter } from "./counter.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

/** Distributions build their kernels without BPF_LIRC_MODE2, so that a program of another type has to do. */
function infrared(counter: Counter) {
  const { definition } = matchSection("lirc_mode2");
  return { ...counter.program, spec: { ...counter.program.spec, definition } } as typeof counter.program;
}

it("an infrared receiver is named by its device", () => {
  using counter = new Counter("socket");
  const attach = (device?: string) => () =>
    attachProgram(infrared(counter), device === undefined ? {} : { device });
  expect(attach()).toThrow(InvalidArgumentError);
  expect(attach()).toThrow("needs an infrared device");
  expect(attach("/dev/no-lirc")).toThrow(NotFoundError);
  expect(attach("/dev/null")).toThrow(BpfError);
  expect(attach("/dev/null")).toThrow("lirc device /dev/null");
});

it("the program is detached once, on close, and the device is closed", () => {
  using counter = new Counter("socket");
  const calls: string[] = [];
  const native = koffiNative();
  const receiver = {
    ...native,
    syscall(number: number, ...args: readonly (number | bigint)[]) {
      const command =
        number === syscallNumbers().bpf &&
        (["BPF_PROG_ATTACH", "BPF_PROG_DETACH"] as const).find((name) => BPF_COMMAND[name] === args[0]);
      if (!command) return native.syscall(number, ...args);
      calls.push(command);
      return 0;
    },
  };
  const link = attachProgram(
    { ...infrared(counter), kernel: new HostKernel(receiver) },
    { device: "/dev/null" },
  );
  expect([link.kind, link.description, calls]).toEqual([
    "lirc",
    "lirc device /dev/null",
    ["BPF_PROG_ATTACH"],
  ]);
  link.close();
  link.close();
  expect(calls).toEqual(["BPF_PROG_ATTACH", "BPF_PROG_DETACH"]);
});
