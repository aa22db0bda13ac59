import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Btf, BtfBuilder, type BtfEnum, BtfKind } from "@skep/bpf";
import { type CompileFlags, compileObject } from "./compile.ts";
import { CompileError } from "./errors.ts";
import type { Clang } from "./find-clang.ts";
import { includeOf } from "./force-types.ts";
import { sectionBytes } from "./object-sections.ts";

/** The sign bit of an `int`. */
const SIGN = 0x8000_0000n;

/**
 * BTF with the signs of its enums. Until version 15 clang did not write them: -1 and 0xffffffff look the same. Where that matters
 * the compiler is asked, with a unit whose arrays are as long as the answer.
 */
export async function withEnumSigns(
  clang: Clang,
  source: string,
  btf: Btf,
  directory: string,
  flags: CompileFlags,
): Promise<Btf> {
  const unclear = [...enumsOf(btf)].filter(({ signed, values }) => !signed && values.some(isHigh));
  if (unclear.length === 0) return btf;
  const unit = join(directory, "signs.bpf.c");
  const arrays = unclear.map(
    ({ id, values }) => `char skep_enum_${id}[${values.find(isHigh)?.name} < 0 ? 2 : 1];\n`,
  );
  await writeFile(unit, `${includeOf(source)}\n${arrays.join("")}`);
  const answers = await compileObject(clang, unit, join(directory, "signs.o"), flags).then(
    ({ object }) => sectionBytes(object, ".BTF"),
    // An enum of one function, whose names nobody else knows.
    (error: unknown) => {
      if (error instanceof CompileError) return undefined;
      throw error;
    },
  );
  return answers === undefined ? btf : signed(btf, unclear, Btf.parse(answers));
}

function signed(btf: Btf, unclear: readonly BtfEnum[], answers: Btf): Btf {
  const builder = BtfBuilder.from(btf);
  for (const type of unclear) {
    const variable = answers.find(`skep_enum_${type.id}`, BtfKind.Var);
    if (variable === undefined || answers.sizeOf(variable) !== 2) continue;
    const values = type.values.map(({ name, value }) => ({ name, value: BigInt.asIntN(32, value) }));
    builder.replace(type.id, { ...type, signed: true, values });
  }
  return builder.build();
}

function* enumsOf(btf: Btf): Iterable<BtfEnum> {
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind === BtfKind.Enum) yield type;
  }
}

function isHigh({ value }: { readonly value: bigint }): boolean {
  return (value & SIGN) !== 0n;
}
