import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_LIRC_MODE2,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_SYSCALL,
  featuresOf,
  hostKernel,
  programTypeName,
  SyscallError,
} from "@skep/bpf";
import { expect, it } from "vitest";
import { neededCapabilities } from "../src/attach/capabilities.ts";

const EPERM = 1;
/** NETFILTER came with Linux 6.4: a kernel that does not know a type says EINVAL, whoever asks. */
const LAST_TYPE = featuresOf(hostKernel()).hasProgramType(BPF_PROG_TYPE_NETFILTER)
  ? BPF_PROG_TYPE_NETFILTER
  : BPF_PROG_TYPE_SYSCALL;
/** r0 = 0; exit */
const RETURNS = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
const CAPSET = process.arch === "arm64" ? 91 : 126;
const [NET_ADMIN, SYS_ADMIN] = [12, 21];

/** capset(2) for this thread, which makes all our system calls; its permitted set stays what it is. */
function setEffective(keep: (capability: number) => boolean): void {
  const { native } = hostKernel();
  const [header, data] = [native.allocate(8), native.allocate(24)];
  const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
  new DataView(header.buffer, header.byteOffset).setUint32(0, 0x20080522, true);
  const CAPGET = CAPSET - 1;
  expect(native.syscall(CAPGET, native.addressOf(header), native.addressOf(data))).toBe(0);
  for (let capability = 0; capability < 64; capability++) {
    const at = capability < 32 ? 0 : 12;
    const bit = (1 << (capability & 31)) >>> 0;
    const permitted = (words.getUint32(at + 4, true) & bit) !== 0;
    const before = words.getUint32(at, true) & ~bit;
    words.setUint32(at, (permitted && keep(capability) ? before | bit : before) >>> 0, true);
  }
  expect(native.syscall(CAPSET, native.addressOf(header), native.addressOf(data))).toBe(0);
}

/** Program types that this thread may not load. Whether the program suits its type does not matter: that is looked at later. */
function forbidden(): ReadonlySet<number> {
  const types = Array.from({ length: LAST_TYPE }, (_, index) => index + 1);
  return new Set(
    types.filter((type) => {
      try {
        hostKernel().bpf.progLoad({ type, instructions: RETURNS, license: "GPL" }).close();
        return false;
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        return error.errno === EPERM;
      }
    }),
  );
}

it("asks for CAP_NET_ADMIN for the program types that the kernel asks it for", () => {
  const always = forbidden();
  let without: ReadonlySet<number>;
  try {
    setEffective((capability) => capability !== NET_ADMIN && capability !== SYS_ADMIN);
    without = forbidden();
  } finally {
    setEffective(() => true);
  }
  // Before 6.5 an infrared remote control was network administration.
  const asksKernel = [...without].filter((type) => !always.has(type) && type !== BPF_PROG_TYPE_LIRC_MODE2);
  const asks = Array.from({ length: LAST_TYPE }, (_, index) => index + 1).filter(
    (type) =>
      neededCapabilities([type]).includes("CAP_NET_ADMIN") &&
      // A policy may forbid a type to everybody.
      !always.has(type) &&
      // Asked when it is attached.
      type !== BPF_PROG_TYPE_CGROUP_SKB,
  );
  expect(asks.map(programTypeName)).toEqual(asksKernel.map(programTypeName));
  expect(asks.length).toBeGreaterThan(10);
});
