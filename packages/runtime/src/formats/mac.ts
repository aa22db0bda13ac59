import type { BpfValue } from "@skep/bpf";
import { type MakeFormat, writtenText } from "./format.ts";
import { byteArrayLength } from "./numbers.ts";

/** `mac`: an Ethernet address. */
export const mac: MakeFormat = (shape) =>
  byteArrayLength(shape) !== 6
    ? "is for arrays of 6 bytes"
    : { width: 17, align: "left", text: macText, written: writtenText(macText) };

function macText(value: BpfValue): string {
  return Array.isArray(value)
    ? value.map((byte) => Number(byte).toString(16).padStart(2, "0")).join(":")
    : "";
}
