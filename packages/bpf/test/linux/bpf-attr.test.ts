import { describe, expect, it } from "vitest";
import type { BpfCalls } from "../../src/linux/bpf-calls.ts";
import { createBpfCalls } from "../../src/linux/bpf-syscall.ts";
import { OwnedFd } from "../../src/linux/fd.ts";
import { recordingNative } from "./recording-native.ts";

function fd(number: number): OwnedFd {
  return new OwnedFd(number, () => {});
}

/** Makes one call and gives its attributes. */
function attrOf(call: (bpf: BpfCalls) => unknown) {
  const native = recordingNative();
  call(createBpfCalls(native, { own: fd, liftLimits: () => false }));
  const { attr, command } = native.calls[0]!;
  const view = new DataView(attr.buffer, attr.byteOffset, attr.length);
  return {
    command,
    size: attr.length,
    u32: (offset: number) => view.getUint32(offset, true),
    u64: (offset: number) => view.getBigUint64(offset, true),
    text: (offset: number) => Buffer.from(pointedAt(offset)).toString("latin1").replace(/\0.*$/s, ""),
    bytes: (offset: number, length: number) => [...pointedAt(offset).subarray(0, length)],
    textAt: (address: bigint) =>
      Buffer.from(native.memoryAt(Number(address)))
        .toString("latin1")
        .replace(/\0.*$/s, ""),
  };
  function pointedAt(offset: number): Uint8Array {
    return native.memoryAt(Number(view.getBigUint64(offset, true)));
  }
}

// Offsets are those of union bpf_attr in include/uapi/linux/bpf.h.
describe("attributes of bpf(2)", () => {
  it("end with the last field in use", () => {
    const plain = { type: 2, keySize: 4, valueSize: 8, maxEntries: 1 };
    expect(attrOf((bpf) => bpf.mapCreate(plain)).size).toBe(16);
    expect(attrOf((bpf) => bpf.mapCreate({ ...plain, name: "ab" })).size).toBe(30);
    expect(attrOf((bpf) => bpf.mapCreate({ ...plain, mapExtra: 1n })).size).toBe(72);
    expect(attrOf((bpf) => bpf.mapFreeze(fd(5))).size).toBe(4);
  });

  it("do not keep what an earlier command left", () => {
    const native = recordingNative();
    const bpf = createBpfCalls(native, { own: fd, liftLimits: () => false });
    bpf.mapCreate({ type: 2, keySize: 4, valueSize: 8, maxEntries: 1, name: "long_name_here", mapExtra: 5n });
    bpf.linkDetach(fd(9));
    bpf.mapCreate({ type: 1, keySize: 4, valueSize: 8, maxEntries: 1, mapExtra: 5n });
    const last = native.calls[2]!.attr;
    expect([...last.subarray(16, 64)].every((byte) => byte === 0)).toBe(true);
  });

  it("cut names to fifteen characters", () => {
    const attr = attrOf((bpf) =>
      bpf.mapCreate({
        type: 2,
        keySize: 4,
        valueSize: 4,
        maxEntries: 1,
        name: "a_name_that_is_too_long",
        mapExtra: 1n,
      }),
    );
    const name = Array.from(
      { length: 16 },
      (_, index) => (attr.u32(28 + (index & ~3)) >> ((index & 3) * 8)) & 255,
    );
    expect(String.fromCharCode(...name)).toBe("a_name_that_is_\0");
  });

  it("describe a program", () => {
    const attr = attrOf((bpf) =>
      bpf.progLoad({
        type: 26,
        instructions: new Uint8Array(24),
        license: "GPL",
        expectedAttachType: 24,
        attachBtfId: 77,
        btf: fd(8),
        funcInfo: { bytes: new Uint8Array(16), recordSize: 8 },
        lineInfo: { bytes: new Uint8Array(32), recordSize: 16 },
        attachBtfOrProgram: fd(6),
        fdArray: [0, 11],
      }),
    );
    expect([attr.u32(0), attr.u32(4), attr.text(16)]).toEqual([26, 3, "GPL"]);
    expect([attr.u32(68), attr.u32(72), attr.u32(108), attr.u32(112)]).toEqual([24, 8, 77, 6]);
    expect([attr.u32(76), attr.u32(88), attr.u32(92), attr.u32(104)]).toEqual([8, 2, 16, 2]);
    expect(attr.bytes(120, 8)).toEqual([0, 0, 0, 0, 11, 0, 0, 0]);
    expect(attr.size).toBe(128);
  });

  it("put a cookie where the kind of link has it", () => {
    const link = { program: fd(3), target: 4, cookie: 0x1_0000_0002n };
    expect(attrOf((bpf) => bpf.linkCreate({ ...link, attachType: 41 })).u64(16)).toBe(0x1_0000_0002n);
    expect(attrOf((bpf) => bpf.linkCreate({ ...link, attachType: 24 })).u64(24)).toBe(0x1_0000_0002n);
  });

  it("point to lists of symbols and cookies", () => {
    const attr = attrOf((bpf) =>
      bpf.linkCreate({
        program: fd(3),
        target: 0,
        attachType: 42,
        kprobeMulti: { flags: 1, symbols: ["vfs_read", "vfs_write"], cookies: [1n, 2n] },
      }),
    );
    expect([attr.u32(16), attr.u32(20), attr.size]).toEqual([1, 2, 48]);
    const pointers = new BigUint64Array(Uint8Array.from(attr.bytes(24, 16)).buffer);
    expect([...pointers].map((pointer) => attr.textAt(pointer))).toEqual(["vfs_read", "vfs_write"]);
    expect(attr.bytes(40, 16)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("point to places in a file", () => {
    const attr = attrOf((bpf) =>
      bpf.linkCreate({
        program: fd(3),
        target: 0,
        attachType: 48,
        uprobeMulti: { path: "/bin/bash", offsets: [16n, 32n], flags: 0, pid: 7 },
      }),
    );
    expect([attr.text(16), attr.u32(48), attr.u32(52), attr.u32(56), attr.size]).toEqual([
      "/bin/bash",
      2,
      0,
      7,
      60,
    ]);
  });

  it("give no pointer to a key that is empty", () => {
    const attr = attrOf((bpf) => bpf.mapUpdate(fd(5), new Uint8Array(0), new Uint8Array(4)));
    expect([attr.u32(0), attr.u64(8), attr.size]).toEqual([5, 0n, 24]);
    expect(attr.u64(16)).not.toBe(0n);
  });

  it("carry flags of an update", () => {
    const attr = attrOf((bpf) => bpf.mapUpdate(fd(5), new Uint8Array(4), new Uint8Array(4), 2));
    expect([attr.u32(24), attr.size]).toEqual([2, 32]);
  });

  it("ask again when a limit could be lifted, and only then", () => {
    const attempts = (lifted: boolean) => {
      const native = recordingNative();
      let calls = 0;
      const denied = { ...native, syscall: () => (calls++ === 0 ? -1 : 100) };
      const bpf = createBpfCalls(denied, { own: fd, liftLimits: () => lifted });
      const create = () => bpf.mapCreate({ type: 2, keySize: 4, valueSize: 8, maxEntries: 1 });
      if (lifted) create();
      else expect(create).toThrow(/EPERM/);
      return calls;
    };
    expect([attempts(true), attempts(false)]).toEqual([2, 1]);
  });
});
