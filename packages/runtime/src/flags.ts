import { type Btf, BtfKind, type MapSpec, type ObjectSpec, type VariableSpec } from "@skep/bpf";
import { WholeFloat } from "@skep/package";
import { type Shape, shapeOf } from "./shape.ts";

/** Types that a flag can set. */
export type FlagShape = Extract<Shape, { kind: "integer" | "bool" | "float" | "string" | "enum" }>;

/** A `const volatile` global as a command-line flag. */
export interface Flag {
  /** As written after `--`. */
  readonly name: string;
  /** One character, without dash. */
  readonly short: string | undefined;
  readonly variable: string;
  readonly shape: FlagShape;
  readonly help: string;
  /** What the variable holds when the flag is not given, as text; undefined for zero, empty and false. */
  readonly initial: string | undefined;
  /** A default of the package that differs from the C initialiser, as text. */
  readonly override: string | undefined;
  /** `--enable-x`: the package says false explicitly. `--disable-x`: true. */
  readonly spelling: "plain" | "enable" | "disable";
}

/** What a package's skeleton says about a variable; any key may be missing or of a wrong type. */
export interface VariableNotes {
  readonly description?: unknown;
  readonly cmdarg?: unknown;
  readonly value?: unknown;
}

/**
 * One flag for every global of the read-only data that the program reads anew each time (`const volatile`) and
 * that is a scalar or text. Plain `const` globals are part of the code: setting them would change nothing.
 * @throws {MalformedError} for BTF that breaks its rules
 */
export function flagsOf(spec: ObjectSpec, notes: ReadonlyMap<string, VariableNotes>): Flag[] {
  const btf = spec.btf;
  if (btf === undefined) return [];
  return spec.maps.flatMap((map) =>
    settableVariables(btf, map).flatMap((variable) => {
      const shape = shapeOf(btf, variable.typeId);
      return isFlagShape(shape) ? [flagOf(btf, map, variable, shape, notes.get(variable.name) ?? {})] : [];
    }),
  );
}

function settableVariables(btf: Btf, map: MapSpec): VariableSpec[] {
  if (map.data === undefined || !map.data.readOnly || !map.data.section.startsWith(".rodata")) return [];
  return map.data.variables.filter(
    (variable) =>
      variable.linkage === "global" &&
      !variable.name.startsWith("__eunomia_dummy") &&
      isVolatile(btf, variable.typeId),
  );
}

function isVolatile(btf: Btf, typeId: number): boolean {
  let id = typeId;
  // A handful of qualifiers at most; the bound keeps cyclic BTF from hanging us.
  for (let step = 0; step < 16; step++) {
    const type = btf.type(id);
    if (type.kind === BtfKind.Volatile) return true;
    // `const volatile char text[16]`: the qualifiers belong to the element.
    if (type.kind === BtfKind.Array) id = type.elementId;
    else if (type.kind === BtfKind.Const || type.kind === BtfKind.TypeTag) id = type.typeId;
    else return false;
  }
  return false;
}

function isFlagShape(shape: Shape): shape is FlagShape {
  if (shape.kind === "integer") return shape.bits <= 64 && shape.bits % 8 === 0;
  return shape.kind === "bool" || shape.kind === "float" || shape.kind === "string" || shape.kind === "enum";
}

function flagOf(
  btf: Btf,
  map: MapSpec,
  variable: VariableSpec,
  shape: FlagShape,
  notes: VariableNotes,
): Flag {
  const cmdarg = isRecord(notes.cmdarg) ? notes.cmdarg : {};
  const short = typeof cmdarg.short === "string" && cmdarg.short.length === 1 ? cmdarg.short : undefined;
  const override = scalarText(cmdarg.default) ?? scalarText(notes.value);
  return {
    name: typeof cmdarg.long === "string" && cmdarg.long !== "" ? cmdarg.long : variable.name,
    short,
    variable: variable.name,
    shape,
    help:
      text(cmdarg.help) ??
      text(notes.description) ??
      `Set value of \`${typeText(btf, variable.typeId, shape)}\` variable ${variable.name}`,
    initial: initialText(map, variable, shape, btf.littleEndian),
    override,
    spelling: cmdarg.default === true ? "disable" : cmdarg.default === false ? "enable" : "plain",
  };
}

function initialText(
  map: MapSpec,
  variable: VariableSpec,
  shape: FlagShape,
  little: boolean,
): string | undefined {
  const data = map.data;
  if (data === undefined) return undefined;
  const { offset, size } = variable;
  if (size === 0 || offset > data.initial.length || size > data.initial.length - offset) return undefined;
  const bytes = data.initial.subarray(offset, offset + size);
  if (bytes.every((byte) => byte === 0)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (shape.kind) {
    case "bool":
      return "true";
    case "string": {
      const end = bytes.indexOf(0);
      return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    }
    case "float":
      return String(size === 4 ? view.getFloat32(0, little) : view.getFloat64(0, little));
    case "integer":
      return String(readInteger(view, size, shape.signed, little));
    case "enum": {
      const value = readInteger(view, size, shape.signed, little);
      return shape.values.find((one) => one.value === value)?.name ?? String(value);
    }
  }
}

function readInteger(view: DataView, size: number, signed: boolean, little: boolean): bigint {
  let value = 0n;
  for (let index = 0; index < size; index++)
    value = (value << 8n) | BigInt(view.getUint8(little ? size - 1 - index : index));
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** The type's name as the programmer wrote it, where it has one. */
function typeText(btf: Btf, typeId: number, shape: FlagShape): string {
  let id = typeId;
  for (let step = 0; step < 16; step++) {
    const type = btf.type(id);
    if (type.kind === BtfKind.Const || type.kind === BtfKind.Volatile || type.kind === BtfKind.TypeTag)
      id = type.typeId;
    else if (type.kind === BtfKind.Array) return shape.kind === "string" ? `char[${shape.size}]` : "array";
    else if (type.kind === BtfKind.Enum || type.kind === BtfKind.Enum64) return `enum ${type.name}`.trim();
    else if (type.kind === BtfKind.Int && type.bool) return "bool";
    else return type.name;
  }
  return shape.kind;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function scalarText(value: unknown): string | undefined {
  if (value instanceof WholeFloat) return String(value.value);
  return typeof value === "object" || value === undefined ? undefined : String(value);
}
