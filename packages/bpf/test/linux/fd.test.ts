import { afterEach, describe, expect, it } from "vitest";
import { ClosedError, UnsupportedError } from "../../src/errors.ts";
import { OwnedFd } from "../../src/linux/fd.ts";
import { stopFdTrace, traceFds } from "../../src/linux/fd-trace.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";

afterEach(() => void stopFdTrace());

describe("an owned descriptor", () => {
  it("is closed once, however often it is asked to", () => {
    const closed: number[] = [];
    const fd = new OwnedFd(1000, (number) => closed.push(number));
    fd.close();
    fd[Symbol.dispose]();
    expect(closed).toEqual([1000]);
    expect(fd.closed).toBe(true);
    expect(() => fd.raw).toThrow(ClosedError);
  });
});

describe("the descriptor trace", () => {
  it("tells where a descriptor was opened that nobody closed", () => {
    traceFds();
    new OwnedFd(1001, () => {}).close();
    new OwnedFd(1002, () => {});
    const leaks = stopFdTrace();
    expect(leaks).toHaveLength(1);
    expect(leaks[0]).toMatch(/^descriptor 1002 is still open\n.*fd\.test\.ts/s);
  });

  it("catches a number that has two owners", () => {
    traceFds();
    const first = new OwnedFd(1003, () => {});
    expect(() => new OwnedFd(1003, () => {})).toThrow(/two owners/);
    first.close();
    new OwnedFd(1003, () => {}).close();
    expect(stopFdTrace()).toEqual([]);
  });
});

describe("system call numbers", () => {
  it("are those of the machine", () => {
    expect(syscallNumbers("x64").bpf).toBe(321);
    expect(syscallNumbers("arm64").bpf).toBe(280);
    expect(() => syscallNumbers("mips")).toThrow(UnsupportedError);
  });
});
