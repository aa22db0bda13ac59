import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Btf, BtfBuilder, InvalidArgumentError } from "@skep/bpf";
import { type Compiled, type CompileFlags, compileObject } from "./compile.ts";
import { CompileError } from "./errors.ts";
import { type ExportPlan, findStructs } from "./export-types.ts";
import type { Clang } from "./find-clang.ts";
import { sectionBytes } from "./object-sections.ts";

/**
 * Types that only live in a program's local variables are not in its BTF. This compiles a second unit, the source
 * followed by a pointer to each wanted type, whose BTF has them. The program's own object stays as the user wrote it.
 * Undefined when the second unit does not compile: the first says why, better.
 */
export async function compileTypes(
  clang: Clang,
  source: string,
  plan: ExportPlan,
  directory: string,
  flags: CompileFlags,
): Promise<Btf | undefined> {
  const structs = plan.definitions.filter(({ kind }) => kind === "struct").map(({ name }) => name);
  const tags = [...structs, ...plan.mentioned].map((name) => `struct ${name}`);
  const typedefs = plan.definitions.filter(({ kind }) => kind === "typedef").map(({ name }) => name);
  const btfOf = (types: readonly string[]) => compilePointers(clang, source, types, directory, flags);
  // A pointer to a struct that an #ifdef left out is no error, one to such a typedef is.
  return (await btfOf([...tags, ...typedefs])) ?? (typedefs.length > 0 ? btfOf(tags) : undefined);
}

async function compilePointers(
  clang: Clang,
  source: string,
  types: readonly string[],
  directory: string,
  flags: CompileFlags,
): Promise<Btf | undefined> {
  if (types.length === 0) return undefined;
  const unit = join(directory, "types.bpf.c");
  const pointers = types.map((type, index) => `${type} *skep_type_${index};\n`);
  await writeFile(unit, `${includeOf(source)}\n${pointers.join("")}`);
  try {
    const { object } = await compileObject(clang, unit, join(directory, "types.o"), flags);
    const btf = sectionBytes(object, ".BTF");
    return btf === undefined ? undefined : Btf.parse(btf);
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/**
 * An object that only has the types of a header: static pointers keep them there, and are no variables of the package's.
 * @throws {CompileError}; {InvalidArgumentError} when the header defines no struct
 */
export async function compileHeader(
  clang: Clang,
  header: string,
  plan: ExportPlan,
  directory: string,
  flags: CompileFlags,
): Promise<Compiled> {
  if (plan.definitions.length === 0)
    throw new InvalidArgumentError(`${header} defines no struct`, "give a header with the structs to export");
  const unit = join(directory, "header.bpf.c");
  const types = plan.definitions.map(({ kind, name }) => (kind === "struct" ? `struct ${name}` : name));
  const pointers = types.map((type, at) => `static ${type} *skep_type_${at} __attribute__((used));\n`);
  await writeFile(unit, `${includeOf(header)}\n${pointers.join("")}`);
  return compileObject(clang, unit, join(directory, "header.o"), flags);
}

/** C has no escapes in the names of headers: what stands between the marks is the path. */
export function includeOf(path: string): string {
  const absolute = resolve(path);
  return absolute.includes('"') ? `#include <${absolute}>` : `#include "${absolute}"`;
}

/** The object's BTF with the types it lacks added at the end, so that no id of the object changes. */
export function addTypes(own: Btf, types: Btf | undefined, names: readonly string[]): Btf {
  if (types === undefined) return own;
  const present = findStructs(own, names);
  const missing = [...findStructs(types, names)].filter(([name]) => !present.has(name)).map(([, id]) => id);
  if (missing.length === 0) return own;
  const builder = BtfBuilder.from(own);
  builder.copy(types, missing);
  return builder.build();
}
