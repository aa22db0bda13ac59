import { stat } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import {
  BpfError,
  Btf,
  InvalidArgumentError,
  NotFoundError,
  type ObjectSpec,
  pruneObjectBtf,
  readSpec,
  stripDebug,
} from "@skep/bpf";
import {
  buildExportType,
  buildSkeleton,
  type JsonObject,
  objectName,
  type Package,
  type PackageMeta,
} from "@skep/package";
import { hintsFor } from "./clang-hints.ts";
import { type Compiled, type CompileFlags, compileObject, targetArch } from "./compile.ts";
import { describeExports, withIterated } from "./describe-exports.ts";
import { describeExportType, describeOtherStructs } from "./describe-structs.ts";
import { withEnumSigns } from "./enum-signs.ts";
import { CompileError } from "./errors.ts";
import { chooseExports, type ExportChoice, type ExportPlan, planExports } from "./export-types.ts";
import { type Clang, findClang } from "./find-clang.ts";
import { addTypes, compileHeader, compileTypes } from "./force-types.ts";
import { sectionBytes } from "./object-sections.ts";
import { localHeaders, readSource, type SourceFile } from "./source/source-file.ts";
import { type AnnotatedSource, sourceNotes } from "./source/source-notes.ts";
import { TemporaryDirectory } from "./temporary-directory.ts";
import { vmlinuxHeaderDirectory } from "./vmlinux-header.ts";

/** Packages say which version of the format's first compiler they are equal to. */
const FORMAT_VERSION = "0.3.4";

export interface CompileOptions {
  /** clang to use, a name on PATH or a path. By default the one found, see `findClang`. */
  readonly clang?: string | undefined;
  /** Further arguments for clang. */
  readonly cflags?: readonly string[];
  /** Let clang colour its messages. */
  readonly color?: boolean;
  /** A folder with headers in `include/`, and a `vmlinux.h` in `include/vmlinux/<arch>/`, in place of the machine's. */
  readonly workspace?: string | undefined;
  /** The source is a header: the object only has the types it defines. */
  readonly headerOnly?: boolean;
}

export interface CompiledPackage {
  /** The source's name up to its first dot: `opensnoop` for `opensnoop.bpf.c`. */
  readonly name: string;
  readonly package: Package;
  /** What we have to say, `path:line: warning: …`, one line each. */
  readonly warnings: readonly string[];
  /** What clang had to say, as it printed it; empty when nothing. */
  readonly diagnostics: string;
  /** The clang command that was run. */
  readonly command: readonly string[];
}

/**
 * Compiles an eBPF source into a package: clang, without DWARF, BTF cut down to what is used, with the types of
 * what it reports and the annotations of its comments. Leaves no file behind, interrupted or not.
 * @param header defines the structs to export; without it they are found from the code
 * @throws {CompileError} the source has errors; {InvalidArgumentError} no such file {NotFoundError} no clang
 */
export async function compilePackage(
  source: string,
  header?: string,
  options: CompileOptions = {},
): Promise<CompiledPackage> {
  const main = await readUserFile(source);
  const exported = options.headerOnly ? main : header === undefined ? undefined : await readUserFile(header);
  const clang = await findClang(options.clang);
  using directory = new TemporaryDirectory("skep-compile-");
  const files = [main, ...(await localHeaders(main))];
  const plan = planExports(files, exported);
  const annotated = files.some(({ path }) => normalize(path) === normalize(exported?.path ?? ""))
    ? files
    : [...files, ...(exported === undefined ? [] : [exported])];
  const flags: CompileFlags = {
    includes: await ownIncludes(directory.path, options.workspace),
    cflags: options.cflags ?? [],
    color: options.color ?? false,
  };
  const { types, ...compiled } = await compileUnits(clang, source, plan, directory.path, flags, options);
  const name = basename(source).split(".")[0] ?? "";
  const signs = (btf: Btf) => withEnumSigns(clang, source, btf, directory.path, beside(source, flags));
  try {
    return { name, ...(await assemble(name, annotated, compiled.object, plan, types, signs)), ...compiled };
  } catch (error) {
    // clang only warned of it: a function that nobody defines.
    if (!(error instanceof BpfError) || compiled.diagnostics === "") throw error;
    const text = `${compiled.diagnostics}${source}: error: ${error.message}\n`;
    const hints = hintsFor(text);
    throw new CompileError(source, text, hints.length > 0 ? hints : [error.next]);
  }
}

/** The program, and beside it the types that it does not mention in its BTF. A header is all types. */
async function compileUnits(
  clang: Clang,
  source: string,
  plan: ExportPlan,
  directory: string,
  flags: CompileFlags,
  { headerOnly }: CompileOptions,
): Promise<Compiled & { readonly types: Btf | undefined }> {
  const apart = beside(source, flags);
  if (headerOnly)
    return { ...(await compileHeader(clang, source, plan, directory, apart)), types: undefined };
  const [compiled, types] = await Promise.all([
    compileObject(clang, source, join(directory, "object.o"), flags),
    compileTypes(clang, source, plan, directory, { ...apart, color: false }),
  ]);
  return { ...compiled, types };
}

/** For a unit elsewhere that includes the source. */
function beside(source: string, flags: CompileFlags): CompileFlags {
  return { ...flags, cflags: [...flags.cflags, `-I${dirname(source)}`] };
}

/**
 * Where `vmlinux.h` and, in a workspace, everything else is. Without types of the kernel everything that does not include
 * `vmlinux.h` still compiles.
 */
async function ownIncludes(spare: string, workspace: string | undefined): Promise<readonly string[]> {
  const given = workspace === undefined ? [] : await workspaceIncludes(workspace);
  try {
    return [...given, await vmlinuxHeaderDirectory(spare)];
  } catch (error) {
    if (error instanceof NotFoundError) return given;
    throw error;
  }
}

/** @throws {InvalidArgumentError} */
async function workspaceIncludes(workspace: string): Promise<readonly string[]> {
  const include = join(workspace, "include");
  const { isDirectory } = await stat(include).then(
    (found) => ({ isDirectory: found.isDirectory() }),
    () => ({ isDirectory: false }),
  );
  if (!isDirectory)
    throw new InvalidArgumentError(
      `the workspace ${workspace} has no folder include`,
      "check the path after -w",
    );
  return [include, join(include, "vmlinux", targetArch(process.arch))];
}

async function readUserFile(path: string): Promise<SourceFile> {
  try {
    return await readSource(path);
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    const error = cause as NodeJS.ErrnoException;
    if (error.code === "ENOENT")
      throw new InvalidArgumentError(`there is no file ${path}`, "check the path", { cause });
    throw new NotFoundError(`cannot read ${path}: ${error.message}`, "check the path", { cause });
  }
}

async function assemble(
  name: string,
  files: readonly SourceFile[],
  compiled: Uint8Array,
  plan: ExportPlan,
  types: Btf | undefined,
  withSigns: (btf: Btf) => Promise<Btf>,
): Promise<{ readonly package: Package; readonly warnings: readonly string[] }> {
  const readAs = { name: objectName(`${name}.bpf.o`) };
  const whole = readSpec(compiled, readAs);
  const annotated = sourceNotes(files, whole);
  const { notes } = annotated;
  const ownBtf = sectionBytes(compiled, ".BTF");
  if (ownBtf === undefined) {
    const object = stripDebug(compiled);
    const meta = {
      bpf_skel: buildSkeleton(readSpec(object, readAs), notes),
      eunomia_version: FORMAT_VERSION,
    };
    return { package: { object, meta, extra: {} }, warnings: annotated.warnings };
  }
  const asked = askedTypes(notes.maps);
  const names = [
    ...plan.definitions.map((definition) => definition.name),
    ...plan.mentioned,
    ...[...asked.values()].flat(),
  ];
  const btf = await withSigns(addTypes(Btf.parse(ownBtf), types, names));
  const choice = chooseExports(plan, whole, btf, asked);
  const { object, renumbered } = shrink(compiled, btf, choice);
  const { meta, warnings } = describe(readSpec(object, readAs), annotated, renumbered);
  const own = choice.warnings.map((warning) => `${files[0]?.path}: warning: ${warning}`);
  return {
    package: { object, meta, extra: {} },
    warnings: [...annotated.warnings, ...own, ...warnings],
  };
}

/** Drops DWARF and unused BTF. Gives the choice with the new ids. */
function shrink(
  compiled: Uint8Array,
  btf: Btf,
  choice: ExportChoice,
): { readonly object: Uint8Array; readonly renumbered: ExportChoice } {
  const pruned = pruneObjectBtf(btf, sectionBytes(compiled, ".BTF.ext"), choice.typeIds);
  const replace = new Map([[".BTF", pruned.btf]]);
  if (pruned.ext !== undefined) replace.set(".BTF.ext", pruned.ext);
  const idOf = (id: number): number => pruned.typeIds.get(id) ?? 0;
  const renumbered = {
    typeIds: choice.typeIds.map(idOf),
    perMap: new Map([...choice.perMap].map(([map, ids]) => [map, ids.map(idOf)])),
    iterated: choice.iterated === undefined ? undefined : idOf(choice.iterated),
    warnings: choice.warnings,
  };
  return { object: stripDebug(compiled, { replace }), renumbered };
}

function describe(
  spec: ObjectSpec,
  { notes, structs }: AnnotatedSource,
  choice: ExportChoice,
): { readonly meta: PackageMeta; readonly warnings: readonly string[] } {
  const skeleton = buildSkeleton(spec, notes);
  const { btf } = spec;
  if (btf === undefined)
    return { meta: { bpf_skel: skeleton, eunomia_version: FORMAT_VERSION }, warnings: [] };
  const exportTypes = choice.typeIds.map((id) => {
    const type = buildExportType(btf, id);
    return describeExportType(type, structs.get(type.name) ?? structs.get(btf.nameOf(type.type_id)));
  });
  const described = exportTypes.flatMap(({ name, type_id }) => [name, btf.nameOf(type_id)]);
  const others = describeOtherStructs(btf, structs, new Set(described));
  const meta = {
    ...describeExports(withIterated(skeleton, choice.iterated), exportTypes, choice.perMap, spec),
    ...(others.types.length === 0 ? {} : { types: others.types }),
    eunomia_version: FORMAT_VERSION,
  };
  return { meta, warnings: others.warnings };
}

/** `@export event` or `@export struct opening, closing_t` before a map; nothing for a map that is kept silent. */
function askedTypes(maps: ReadonlyMap<string, JsonObject>): ReadonlyMap<string, readonly string[]> {
  const asked = new Map<string, readonly string[]>();
  for (const [map, { export: names, export_config: config }] of maps) {
    if (config === "no_export") asked.set(map, []);
    else if (typeof names === "string")
      asked.set(map, names.match(/\w+/g)?.filter((name) => name !== "struct") ?? []);
  }
  return asked;
}
