import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { essentialName } from "../../src/btf/essential-name.ts";
import { pruneBtf } from "../../src/btf/prune.ts";
import { BtfKind, type BtfType } from "../../src/btf/types.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";

describe.skipIf(!existsSync(VMLINUX))("the running kernel's BTF", () => {
  let btf: Btf;
  beforeAll(() => {
    btf = Btf.parse(readFileSync(VMLINUX));
  });

  it("decodes type by type as bpftool prints it", (ctx) => {
    let dump: string;
    try {
      const options = { encoding: "utf8", maxBuffer: 2 ** 30 } as const;
      dump = execFileSync("bpftool", ["-j", "btf", "dump", "file", VMLINUX, "format", "raw"], options);
    } catch {
      return ctx.skip("bpftool is not installed");
    }
    const { types } = JSON.parse(dump) as { types: { id: number }[] };
    expect(btf.endId - 1).toBe(types.length);
    for (const expected of types) {
      const ours = asBpftool(btf.type(expected.id));
      if (JSON.stringify(ours) !== JSON.stringify(expected)) expect(ours).toEqual(expected);
    }
  });

  it("finds every name, exact and essential, as a scan over all types does", () => {
    const exact = new Map<string, number[]>();
    const essential = new Map<string, number[]>();
    const note = (map: Map<string, number[]>, name: string, id: number) => {
      const ids = map.get(name);
      if (ids === undefined) map.set(name, [id]);
      else ids.push(id);
    };
    for (let id = 1; id < btf.endId; id++) {
      const name = btf.nameOf(id);
      if (name === "") continue;
      note(exact, name, id);
      note(essential, essentialName(name), id);
    }
    const wrong = [...exact].filter(([name, ids]) => String(btf.idsOf(name)) !== String(ids));
    const wrongEssential = [...essential].filter(
      ([name, ids]) => String(btf.idsOfEssentialName(name)) !== String(ids),
    );
    expect(wrong).toEqual([]);
    expect(wrongEssential).toEqual([]);
  });

  it("is written again byte by byte", () => {
    expect(Buffer.compare(BtfBuilder.from(btf).encode(), btf.bytes)).toBe(0);
  });

  it("is encoded from decoded types to the same records", () => {
    const builder = BtfBuilder.from(btf);
    for (let id = 1; id < btf.endId; id++) {
      const type = btf.type(id);
      if (type.kind !== BtfKind.Void) builder.replace(id, type);
    }
    const again = builder.build();
    for (let id = 1; id < btf.endId; id++) {
      if (JSON.stringify(asBpftool(again.type(id))) !== JSON.stringify(asBpftool(btf.type(id)))) {
        expect(again.type(id)).toEqual(btf.type(id));
      }
    }
  });

  it("is pruned to task_struct and what it needs, with the same shape", () => {
    const root = btf.find("task_struct", BtfKind.Struct)!;
    const { bytes, typeIds } = pruneBtf(btf, { roots: [root] });
    const pruned = Btf.parse(bytes);
    expect(pruned.endId).toBeLessThan(btf.endId / 2);
    for (const [old, id] of typeIds) {
      expect(pruned.nameOf(id)).toBe(btf.nameOf(old));
      expect(pruned.kind(id)).toBe(btf.kind(old));
    }
    const before = btf.type(root) as Extract<BtfType, { kind: 4 | 5 }>;
    const after = pruned.type(typeIds.get(root)!) as typeof before;
    expect(after.size).toBe(before.size);
    expect(after.members).toEqual(
      before.members.map((member) => ({ ...member, typeId: typeIds.get(member.typeId) })),
    );
  });
});

/** bpftool 7.1 widens an unsigned 32-bit enumerator as if it were signed; its 4294967295 reads 2^64 - 1. */
function printed(value: bigint, type: Extract<BtfType, { kind: 6 | 19 }>): number {
  if (type.signed || type.kind === BtfKind.Enum64) return Number(value);
  return Number(BigInt.asUintN(64, BigInt.asIntN(32, value)));
}

/** A type in the words of `bpftool -j btf dump format raw` (src/btf.c, dump_btf_type). */
function asBpftool(type: BtfType): object {
  const anonymous = (name: string) => (name === "" ? "(anon)" : name);
  const kinds = ["UNKN", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE"];
  kinds.push(
    "CONST",
    "RESTRICT",
    "FUNC",
    "FUNC_PROTO",
    "VAR",
    "DATASEC",
    "FLOAT",
    "DECL_TAG",
    "TYPE_TAG",
    "ENUM64",
  );
  const head = { id: type.id, kind: kinds[type.kind], name: anonymous(type.name) };
  switch (type.kind) {
    case BtfKind.Int: {
      const encoding = type.signed ? "SIGNED" : type.char ? "CHAR" : type.bool ? "BOOL" : "(none)";
      return { ...head, size: type.size, bits_offset: type.bitOffset, nr_bits: type.bits, encoding };
    }
    case BtfKind.Array:
      return { ...head, type_id: type.elementId, index_type_id: type.indexId, nr_elems: type.length };
    case BtfKind.Struct:
    case BtfKind.Union:
      return {
        ...head,
        size: type.size,
        vlen: type.members.length,
        members: type.members.map((member) => ({
          name: anonymous(member.name),
          type_id: member.typeId,
          bits_offset: member.bitOffset,
          ...(type.kindFlag && member.bitSize !== 0 ? { bitfield_size: member.bitSize } : {}),
        })),
      };
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return {
        ...head,
        encoding: type.signed ? "SIGNED" : "UNSIGNED",
        size: type.size,
        vlen: type.values.length,
        values: type.values.map(({ name, value }) => ({ name: anonymous(name), val: printed(value, type) })),
      };
    case BtfKind.Fwd:
      return { ...head, fwd_kind: type.union ? "union" : "struct" };
    case BtfKind.Func:
      return { ...head, type_id: type.typeId, linkage: type.linkage };
    case BtfKind.FuncProto:
      return {
        ...head,
        ret_type_id: type.returnId,
        vlen: type.params.length,
        params: type.params.map((param) => ({ name: anonymous(param.name), type_id: param.typeId })),
      };
    case BtfKind.Var:
      return { ...head, type_id: type.typeId, linkage: type.linkage };
    case BtfKind.Datasec:
      return {
        ...head,
        size: type.size,
        vlen: type.variables.length,
        vars: type.variables.map(({ typeId, offset, size }) => ({ type_id: typeId, offset, size })),
      };
    case BtfKind.Float:
      return { ...head, size: type.size };
    case BtfKind.DeclTag:
      return { ...head, type_id: type.typeId, component_idx: type.componentIndex };
    default:
      return "typeId" in type ? { ...head, type_id: type.typeId } : head;
  }
}
