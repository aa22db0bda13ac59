import { expect, it } from "vitest";
import { MalformedError } from "../../src/errors.ts";
import { btfOfImage } from "../../src/linux/kernel-btf.ts";

it("looks for the kernel's image where distributions leave it", () => {
  const asked: string[] = [];
  const nothing = (path: string) => {
    asked.push(path);
    return undefined;
  };
  expect(btfOfImage("6.1.0-test", nothing)).toBeUndefined();
  expect(asked).toContain("/boot/vmlinux-6.1.0-test");
  expect(asked).toContain("/usr/lib/debug/boot/vmlinux-6.1.0-test");
});

it("refuses an image that is no ELF file", () => {
  expect(() => btfOfImage("6.1.0-test", () => new Uint8Array(100))).toThrow(MalformedError);
});
