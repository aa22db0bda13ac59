import { expect, it } from "vitest";
import { MalformedError, UnsupportedError } from "../../src/errors.ts";
import { ENOENT } from "../../src/linux/errno.ts";
import { btfOfImage, kernelBtf } from "../../src/linux/kernel-btf.ts";
import { filesWith } from "./files-with.ts";

it("looks for the kernel's image where distributions leave it", () => {
  const asked: string[] = [];
  const nothing = filesWith((path) => {
    asked.push(path);
    return ENOENT;
  });
  expect(btfOfImage(nothing, "6.1.0-test")).toBeUndefined();
  expect(asked).toContain("/boot/vmlinux-6.1.0-test");
  expect(asked).toContain("/usr/lib/debug/boot/vmlinux-6.1.0-test");
});

it("refuses an image that is no ELF file", () => {
  expect(() =>
    btfOfImage(
      filesWith(() => "\0".repeat(100)),
      "6.1.0-test",
    ),
  ).toThrow(MalformedError);
});

it("says that a kernel has no types, and how to give them", () => {
  const bare = filesWith(() => ENOENT);
  expect(() => kernelBtf(bare, "6.1.0-test", () => undefined)).toThrow(UnsupportedError);
  expect(() => kernelBtf(bare, "6.1.0-test", () => undefined)).toThrow("kernel 6.1.0-test offers no BTF");
});
