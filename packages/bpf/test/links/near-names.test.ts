import { expect, it } from "vitest";
import { nearNames, suggestion } from "../../src/near-names.ts";

it("finds a function that was renamed around a common part", () => {
  expect(nearNames("do_unlinkat", ["do_sys_open", "filename_unlinkat", "vfs_read"])).toEqual([
    "filename_unlinkat",
  ]);
});

it("prefers what keeps the end of the name, as renamed functions do", () => {
  const names = [
    "io_unlinkat",
    "io_unlinkat_prep",
    "io_linkat",
    "__do_sys_unlinkat",
    "__x64_sys_unlinkat",
    "filename_unlinkat",
  ];
  expect(nearNames("do_unlinkat", names).slice(0, 2)).toEqual(["io_unlinkat", "filename_unlinkat"]);
});

it("finds slips of the finger in short names", () => {
  for (const slip of ["wrok", "wor", "workk", "wark"])
    expect(nearNames(slip, ["work", "main"])).toEqual(["work"]);
});

it("gives the best three, each once, and never the name itself", () => {
  const names = [
    "tcp_connect",
    "tcp_v4_connect",
    "tcp_v6_connect",
    "tcp_v4_connect",
    "udp_v4_connect",
    "printk",
  ];
  expect(nearNames("tcp_v5_connect", names)).toEqual(["tcp_v4_connect", "tcp_v6_connect", "tcp_connect"]);
  expect(nearNames("tcp_connect", ["tcp_connect"])).toEqual([]);
});

it("says what to do when nothing is alike", () => {
  expect(suggestion("abc", ["xyz"], "look elsewhere")).toBe("look elsewhere");
  expect(suggestion("work", ["wor", "wark"], "")).toBe("did you mean wark or wor?");
});
