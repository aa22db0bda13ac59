import { BtfBuilder } from "../btf/builder.ts";
import { BtfKind } from "../btf/types.ts";
import type { Kernel } from "../linux/kernel.ts";
import { attempt, type Probe } from "./features-attempt.ts";

const INT_ENCODING = (1 << 24) | 32; // signed, 32 bits
const LINKAGE_GLOBAL = 1;

/** `info` word of struct btf_type: include/uapi/linux/btf.h. */
function info(kind: BtfKind, count = 0, kindFlag = false): number {
  return ((kindFlag ? 2 ** 31 : 0) + kind * 2 ** 24 + count) >>> 0;
}

/** `int`, four bytes: id 1 when it is the first. */
export function intRecord(builder: BtfBuilder): Uint32Array {
  return Uint32Array.of(builder.string("int"), info(BtfKind.Int), 4, INT_ENCODING);
}

/** Loads BTF whose type 1 is `int` and whose further types `describe` gives, and closes it. */
function accepts(
  kernel: Kernel,
  subject: string,
  describe: (text: (name: string) => number) => readonly (readonly number[])[],
): boolean {
  const builder = new BtfBuilder();
  builder.addRecord(intRecord(builder));
  for (const record of describe((name) => builder.string(name))) builder.addRecord(Uint32Array.from(record));
  return attempt(subject, () => kernel.bpf.btfLoad(builder.encode()));
}

function functionTypes(text: (name: string) => number, linkage: number): number[][] {
  return [
    [0, info(BtfKind.FuncProto, 1), 1, text("argument"), 1],
    [text("probe"), info(BtfKind.Func, linkage), 2],
  ];
}

function variable(text: (name: string) => number): number[] {
  return [text("probe"), info(BtfKind.Var), 1, LINKAGE_GLOBAL];
}

function dataSection(name: number): number[] {
  return [name, info(BtfKind.Datasec, 1), 4, 2, 0, 4];
}

/** Kinds of types that BPF_BTF_LOAD takes. */
export const BTF_PROBES = {
  /** BPF_BTF_LOAD. */
  btf: { since: "4.18", detect: (kernel) => accepts(kernel, "BTF", () => []) },
  /** FUNC, FUNC_PROTO. */
  btfFunc: {
    since: "5.0",
    detect: (kernel) => accepts(kernel, "BTF functions", (text) => functionTypes(text, 0)),
  },
  /** VAR, DATASEC. */
  btfDatasec: {
    since: "5.2",
    detect: (kernel) =>
      accepts(kernel, "BTF data sections", (text) => [variable(text), dataSection(text(".data"))]),
  },
  /** FUNC with global linkage. */
  btfGlobalFunc: {
    since: "5.6",
    detect: (kernel) =>
      accepts(kernel, "BTF global functions", (text) => functionTypes(text, LINKAGE_GLOBAL)),
  },
  /** FLOAT. */
  btfFloat: {
    since: "5.13",
    detect: (kernel) => accepts(kernel, "BTF floats", (text) => [[text("float"), info(BtfKind.Float), 4]]),
  },
  /** DECL_TAG. */
  btfDeclTag: {
    since: "5.16",
    detect: (kernel) =>
      accepts(kernel, "BTF declaration tags", (text) => [
        variable(text),
        [text("tag"), info(BtfKind.DeclTag), 2, 0xffff_ffff],
      ]),
  },
  /** TYPE_TAG. */
  btfTypeTag: {
    since: "5.17",
    detect: (kernel) =>
      accepts(kernel, "BTF type tags", (text) => [
        [text("tag"), info(BtfKind.TypeTag), 1],
        [0, info(BtfKind.Ptr), 2],
      ]),
  },
  /** ENUM64, and signedness of ENUM. */
  btfEnum64: {
    since: "6.0",
    detect: (kernel) =>
      accepts(kernel, "64-bit BTF enums", (text) => [
        [text("probe"), info(BtfKind.Enum64, 1), 8, text("PROBE_VALUE"), 0, 1],
      ]),
  },
  /** Names of DATASECs may hold a question mark, as sections of optional struct_ops do. */
  btfQuestionMark: {
    since: "6.9",
    detect: (kernel) =>
      accepts(kernel, "question marks in BTF names", (text) => [variable(text), dataSection(text("?.data"))]),
  },
  /** DECL_TAG and TYPE_TAG as attributes. */
  btfTypeTagAttr: {
    since: "6.15",
    detect: (kernel) =>
      accepts(kernel, "BTF attribute tags", (text) => [
        [text("tag"), info(BtfKind.TypeTag, 0, true), 1],
        [0, info(BtfKind.Ptr), 2],
      ]),
  },
  /** The kernel names its own BTF objects, those of modules among them. */
  moduleBtf: {
    since: "5.11",
    detect: (kernel) => {
      const builder = new BtfBuilder();
      builder.addRecord(intRecord(builder));
      const btf = kernel.bpf.btfLoad(builder.encode());
      // struct bpf_btf_info with a buffer for the name: older kernels know nothing beyond its first 16 bytes.
      const name = kernel.native.allocate(64);
      const request = new Uint8Array(32);
      const view = new DataView(request.buffer);
      view.setBigUint64(16, BigInt(kernel.native.addressOf(name)), true);
      view.setUint32(24, name.length, true);
      try {
        return attempt("module BTF", () => void kernel.bpf.info(btf, request));
      } finally {
        btf.close();
      }
    },
  },
} satisfies Record<string, Probe>;
