import { constants } from "node:os";
import { expect, it } from "vitest";
import { errnoName, errnoText, failedWith, syscallError } from "../../src/linux/errno.ts";

it("names errors as Node does", () => {
  const aliases = new Set(["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"]);
  for (const [name, number] of Object.entries(constants.errno)) {
    if (!aliases.has(name)) expect(errnoName(number)).toBe(name);
  }
});

it("knows the kernel's own ENOTSUPP, and no others beyond", () => {
  expect(errnoText(524)).toBe("ENOTSUPP (operation is not supported)");
  expect(errnoText(4000)).toBe("errno 4000");
});

it("recognises failures by number", () => {
  const error = syscallError("bpf(BPF_MAP_CREATE)", 22, "map events");
  expect(error.message).toBe("bpf(BPF_MAP_CREATE) of map events: EINVAL (invalid argument)");
  expect(failedWith(error, 1, 22)).toBe(true);
  expect(failedWith(error, 1)).toBe(false);
  expect(failedWith(new Error("other"), 22)).toBe(false);
});
