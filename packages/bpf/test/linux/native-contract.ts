import { describe, expect, it } from "vitest";
import { EBADF, ENOSYS } from "../../src/linux/errno.ts";
import type { Native } from "../../src/linux/native.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";

/** What every {@link Native} promises: the real one and those that tests put in its place. */
export function nativeContract(name: string, create: () => Native): void {
  describe(`Native: ${name}`, () => {
    const SYS = syscallNumbers();

    it("answers a bad descriptor with -EBADF", () => {
      expect(create().syscall(SYS.close, -1)).toBe(-EBADF);
    });

    it("answers an unknown system call with -ENOSYS", () => {
      expect(create().syscall(99_999)).toBe(-ENOSYS);
    });

    it("takes addresses as bigint as well", () => {
      expect(create().syscall(SYS.close, 0xffff_ffff_ffff_ffffn)).toBe(-EBADF);
    });

    it("allocates zeroed memory that stays where it is", () => {
      const native = create();
      const bytes = native.allocate(16);
      const address = native.addressOf(bytes);
      expect([...bytes]).toEqual(new Array(16).fill(0));
      for (let index = 0; index < 1000; index++) native.allocate(4096);
      expect(native.addressOf(bytes)).toBe(address);
      expect(native.addressOf(bytes.subarray(5))).toBe(address + 5);
    });

    it("views the memory of the process", () => {
      const native = create();
      const bytes = native.allocate(8);
      bytes.set([1, 2, 3]);
      const view = new Uint8Array(native.view(native.addressOf(bytes), 8));
      bytes[3] = 4;
      expect([...view]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    });

    it("refuses to watch a descriptor that is not open", () => {
      expect(() => create().onReadable(987_654, () => {})).toThrow(/EBADF/);
    });
  });
}
