import type { BpfValue } from "@skep/bpf";
import type { MakeFormat } from "./format.ts";
import { integerBytes, numberOf } from "./numbers.ts";

/** `port`: in network order, as in packets and sockaddr; `port host`: in host order. */
export const port: MakeFormat = (shape, [order], { machine }) => {
  const bytes = integerBytes(shape);
  if (bytes < 2 || bytes > 8) return "is for integers of 2 to 8 bytes";
  if (order !== undefined && order !== "host" && order !== "network") return "knows `port` and `port host`";
  const format = { width: 5, align: "left" } as const;
  if (order === "host") return { ...format, text: (value) => String(numberOf(value)) };
  const hostOrder = (value: BpfValue) => {
    const number = numberOf(value);
    // A port in a wider integer lies in its lower half all the same.
    return machine.littleEndian ? ((number & 0xff) << 8) | ((number >>> 8) & 0xff) : number;
  };
  return {
    ...format,
    text: (value) => String(hostOrder(value)),
    written: { shape: { kind: "integer", bits: 16, signed: false }, value: hostOrder },
  };
};
