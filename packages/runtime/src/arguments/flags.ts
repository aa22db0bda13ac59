import { type Btf, BtfKind, type ObjectSpec, readInteger } from "@skep/bpf";
import { isJsonObject, type Json, WholeFloat } from "@skep/package";
import { shortNames } from "../shapes/enum-names.ts";
import { noteText } from "../shapes/note-text.ts";
import { type Shape, shapeOf } from "../shapes/shape.ts";
import { shapeOfText } from "./c-type-text.ts";
import { type GlobalVariable, globalVariables } from "./global-variables.ts";

/** Types that a flag can set. */
export type FlagShape = Extract<Shape, { kind: "integer" | "bool" | "float" | "string" | "enum" }>;

/** A global variable as a command-line flag. */
export interface Flag {
  /** As written after `--`. */
  readonly name: string;
  /** One character, without dash. */
  readonly short: string | undefined;
  readonly variable: string;
  readonly shape: FlagShape;
  /** The text after the variable's `@format`: how people write its values. */
  readonly format: string | undefined;
  /** False for a variable that the program itself changes: the flag says where it begins. */
  readonly constant: boolean;
  /** False for a constant that nothing in the program reads: the flag is taken, and changes nothing. */
  readonly live: boolean;
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
  readonly type?: Json;
  readonly description?: Json;
  readonly cmdarg?: Json;
  readonly value?: Json;
  readonly format?: Json;
  readonly filter?: Json;
  readonly ignore?: Json;
}

/** Counts what was lost: the runner reads it (docs/packages.md). */
const LOST_COUNTER = /^(lost_events|.*_lost)$/;

/**
 * One flag for every global of `.rodata` that is a scalar or text, and for every scalar of `.data` and `.bss`. BTF says of
 * which type it is; an object without has only the package's words for it.
 * @throws {MalformedError} for BTF that breaks its rules
 */
export function flagsOf(spec: ObjectSpec, notes: ReadonlyMap<string, VariableNotes>): Flag[] {
  return globalVariables(spec).flatMap((global) => {
    const { name } = global.variable;
    const note = notes.get(name) ?? {};
    const shape = enumShape(spec.btf, typeOf(spec.btf, global, note), note);
    if (note.ignore === true || !isFlagShape(shape) || !isMeant(global, shape, note)) return [];
    return [flagOf(spec.btf, global, shape, note)];
  });
}

/** All settable globals, annotated as no flag or not: what `--set` reaches. */
export function settableGlobals(spec: ObjectSpec, notes: ReadonlyMap<string, VariableNotes>): Flag[] {
  return globalVariables(spec).flatMap((global) => {
    const note = notes.get(global.variable.name) ?? {};
    const shape = enumShape(spec.btf, typeOf(spec.btf, global, note), note);
    return isFlagShape(shape)
      ? [{ ...flagOf(spec.btf, global, shape, note), name: global.variable.name }]
      : [];
  });
}

/** What the globals are that neither a flag nor `--set` reaches, by name: "an array". */
export function unsettableGlobals(
  spec: ObjectSpec,
  notes: ReadonlyMap<string, VariableNotes>,
): ReadonlyMap<string, string> {
  return new Map(
    globalVariables(spec).flatMap((global) => {
      const { name } = global.variable;
      const shape = typeOf(spec.btf, global, notes.get(name) ?? {});
      return isFlagShape(shape) ? [] : [[name, inWords(shape)] as const];
    }),
  );
}

function inWords({ kind }: Shape): string {
  if (kind === "array") return "an array";
  return kind === "struct" ? "a struct" : "a pointer";
}

function typeOf(btf: Btf | undefined, { variable }: GlobalVariable, note: VariableNotes): Shape {
  if (btf !== undefined && variable.typeId !== 0)
    return isPointer(btf, variable.typeId) ? { kind: "opaque" } : shapeOf(btf, variable.typeId);
  return (typeof note.type === "string" ? shapeOfText(note.type) : undefined) ?? { kind: "opaque" };
}

/** An integer with `@format enum NAME` takes the names of that enum. */
function enumShape(btf: Btf | undefined, shape: Shape, { format }: VariableNotes): Shape {
  if (btf === undefined || shape.kind !== "integer" || typeof format !== "string") return shape;
  const [, name = ""] = /^enum\s+(?:enum\s+)?(\w+)$/.exec(format) ?? [];
  const id = btf.find(name, BtfKind.Enum) ?? btf.find(name, BtfKind.Enum64);
  const named = id === undefined ? undefined : shapeOf(btf, id);
  return named?.kind === "enum" ? { ...named, size: shape.bits / 8, signed: shape.signed } : shape;
}

function isPointer(btf: Btf, typeId: number): boolean {
  return btf.skipModifiers(typeId).kind === BtfKind.Ptr;
}

function isFlagShape(shape: Shape): shape is FlagShape {
  if (shape.kind === "integer") return shape.bits <= 128 && shape.bits % 8 === 0;
  return shape.kind === "bool" || shape.kind === "float" || shape.kind === "string" || shape.kind === "enum";
}

/** Text that a program writes, and its counters of losses, are nothing to begin with; unless the source says they are. */
function isMeant({ constant, variable }: GlobalVariable, shape: FlagShape, note: VariableNotes): boolean {
  if (constant || note.cmdarg !== undefined) return true;
  return shape.kind !== "string" && !LOST_COUNTER.test(variable.name);
}

function flagOf(btf: Btf | undefined, global: GlobalVariable, shape: FlagShape, notes: VariableNotes): Flag {
  const { variable, constant, live } = global;
  const cmdarg = isJsonObject(notes.cmdarg) ? notes.cmdarg : {};
  const short = noteText(cmdarg.short);
  const type = btf === undefined ? noteText(notes.type) : typeText(btf, variable.typeId, shape);
  return {
    name: noteText(cmdarg.long) ?? variable.name,
    short: short?.length === 1 ? short : undefined,
    variable: variable.name,
    shape,
    format: noteText(notes.format),
    constant,
    live,
    help:
      noteText(cmdarg.help) ??
      noteText(notes.description) ??
      `Set ${constant ? "" : "initial "}value of \`${type ?? shape.kind}\` variable ${variable.name}`,
    initial: initialText(global, shape, btf?.littleEndian ?? true),
    override: scalarText(cmdarg.default) ?? scalarText(notes.value),
    spelling: cmdarg.default === true ? "disable" : cmdarg.default === false ? "enable" : "plain",
  };
}

function initialText(
  { map, variable }: GlobalVariable,
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
      return String(size === 4 ? shortest(view.getFloat32(0, little)) : view.getFloat64(0, little));
    case "integer":
      return String(readInteger(view, 0, size, shape.signed, little));
    case "enum": {
      const value = readInteger(view, 0, size, shape.signed, little);
      return shortNames(shape.values)[shape.values.findIndex((one) => one.value === value)] ?? String(value);
    }
  }
}

/** The shortest decimal that is the same `float`: 0.1 and not 0.10000000149011612. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
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

function scalarText(value: Json | undefined): string | undefined {
  if (value instanceof WholeFloat) return String(value.value);
  return typeof value === "object" || value === undefined ? undefined : String(value);
}
