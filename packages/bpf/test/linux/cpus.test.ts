import { describe, expect, it } from "vitest";
import { MalformedError } from "../../src/errors.ts";
import { parseCpuList } from "../../src/linux/cpus.ts";

describe("the kernel's list of CPUs", () => {
  it.each([
    ["0", [0]],
    ["0-3\n", [0, 1, 2, 3]],
    ["0-1,8,10-11", [0, 1, 8, 10, 11]],
  ])("reads %j", (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });

  it.each(["", "a", "3-1", "0-", "-1", "0-99999999", "0-999999", "1,,2", "0 - 3"])("refuses %j", (text) => {
    expect(() => parseCpuList(text)).toThrow(MalformedError);
  });
});
