import type { BpfValue } from "@skep/bpf";
import type { MakeFormat, Struct } from "./format.ts";
import { integerOf, isWhole, numberOf } from "./numbers.ts";

/** Members that tell whose stack it is, the first that the struct has. */
const OWNERS = ["tgid", "pid"];

/**
 * `stack kernel`, `stack user`: addresses of a call stack, the innermost first, ended by 0; one line for each frame, below the
 * row. An integer is the id of a stack in a map, which samples look up; as a member of an event it stays a number.
 */
export const stack: MakeFormat = (shape, [kind], { machine, siblings }) => {
  if (kind !== "kernel" && kind !== "user") return "knows `stack kernel` and `stack user`";
  if (isWhole(shape)) return { width: 8, align: "left", text: (value) => String(integerOf(value) ?? "?") };
  if (shape.kind !== "array" || shape.element.kind !== "integer" || shape.element.bits !== 64)
    return "is for arrays of addresses and for ids of stacks";
  const owner = OWNERS.find((name) => siblings.some((member) => member.name === name));
  const pidOf = (record: Struct) => (owner === undefined ? undefined : numberOf(record[owner] ?? 0));
  return {
    width: 10,
    align: "left",
    text(value) {
      const count = addressesOf(value).length;
      return `${count} ${count === 1 ? "frame" : "frames"}`;
    },
    lines(value, record) {
      const addresses = addressesOf(value);
      return machine.stackFrames(kind, addresses, pidOf(record)) ?? addresses.map(hexadecimal);
    },
  };
};

function addressesOf(value: BpfValue): readonly bigint[] {
  if (!Array.isArray(value)) return [];
  const addresses = value.map((item) => BigInt.asUintN(64, BigInt(integerOf(item) ?? 0)));
  const end = addresses.indexOf(0n);
  return end < 0 ? addresses : addresses.slice(0, end);
}

function hexadecimal(address: bigint): string {
  return `0x${address.toString(16).padStart(16, "0")}`;
}
