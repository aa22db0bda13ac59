import { type ASTNode, Environment, type ParseError } from "@marcbachmann/cel-js";
import type { BpfValue } from "@skep/bpf";
import { didYouMean } from "../arguments/near-option.ts";
import type { Struct, Written } from "../formats/format.ts";
import { integerOf } from "../formats/numbers.ts";
import type { Column } from "../output/columns.ts";
import { rawText } from "../output/raw-text.ts";
import type { EventKind } from "../output/view.ts";
import type { Shape } from "../shapes/shape.ts";
import { UsageError } from "../usage-error.ts";

/** Is the event to be shown? */
export type EventFilter = (event: BpfValue) => boolean;

/** Variables that are no members: all members, for names that CEL keeps to itself; and the texts that a table shows. */
const EVENT = "event";
const SHOWN = "shown";

type Values = Record<string, unknown>;

/**
 * Makes the filters of `--filter`, one for each kind of event, from one expression in CEL (cel.dev). It sees the values that JSON
 * has, integers of any width exact, enums by name, structs as maps; `shown.member` is the text of the table. An event of a kind that
 * lacks a member which the expression names is not shown.
 * @param warn is told once when the expression cannot be evaluated for an event (a division by zero), which is then not shown
 * @throws {UsageError} for what is no expression, names no column, or is neither true nor false
 */
export function eventFilters(
  text: string,
  kinds: readonly EventKind[],
  warn: (line: string) => void,
): readonly EventFilter[] {
  let warned = false;
  const complain = (error: unknown) => {
    if (!warned) warn(`--filter: ${summaryOf(error)}: such events are not shown`);
    warned = true;
  };
  const tried = kinds.map((kind) => tryFilter(text, kind, complain));
  if (tried.every((filter) => filter instanceof UsageError))
    throw tried[0] ?? new UsageError("--filter: no events");
  return tried.map((filter) => (filter instanceof UsageError ? () => false : filter));
}

function tryFilter(
  text: string,
  kind: EventKind,
  complain: (error: unknown) => void,
): EventFilter | UsageError {
  const { environment, taken } = environmentOf(kind);
  let expression: ReturnType<Environment["parse"]>;
  try {
    expression = environment.parse(text);
  } catch (error) {
    throw problem(text, error, "write for example: --filter 'pid == 1 && comm.startsWith(\"ba\")'");
  }
  const { valid, type, error } = expression.check();
  if (!valid) return problem(text, error, hintFor(text, error, kind, taken));
  if (type !== "bool" && type !== "dyn")
    return new UsageError(
      `--filter: ${text} is ${type}, neither true nor false`,
      "compare it with something",
    );
  const names = namesIn(expression.ast);
  const missing = [...names].find(
    (path) => path.startsWith(`${SHOWN}.`) && columnShown(kind, path) === undefined,
  );
  if (missing !== undefined)
    return new UsageError(
      `--filter: there is no column ${missing.slice(SHOWN.length + 1)}`,
      columnHint(missing, kind),
    );
  const fill = fillers(kind, names);
  // One object for all events: nobody keeps it.
  const values: Values = {};
  return (event) => {
    for (const one of fill) one(event, values);
    try {
      return expression(values) === true;
    } catch (error) {
      // Nothing can be said about a value that is not there.
      if (!Object.values(values).includes(null)) complain(error);
      return false;
    }
  };
}

/** `taken`: members that CEL has another meaning for, such as `bytes` and `type`. */
function environmentOf(kind: EventKind): {
  readonly environment: Environment;
  readonly taken: readonly string[];
} {
  const environment = new Environment({ unlistedVariablesAreDyn: false })
    .registerVariable(EVENT, "map<string, dyn>")
    .registerVariable(SHOWN, "map<string, dyn>")
    .registerFunction("bits(int, int): int", (a: bigint, b: bigint) => a & b);
  const taken: string[] = [];
  for (const { name, shape } of membersOf(kind.shape)) {
    try {
      environment.registerVariable(name, typeAt(kind, name, shape));
    } catch {
      taken.push(name);
    }
  }
  return { environment, taken };
}

function membersOf(shape: Shape): readonly { readonly name: string; readonly shape: Shape }[] {
  return shape.kind === "struct" ? shape.members : [{ name: "value", shape }];
}

/** Of a member; `dyn` where it may be null. */
function typeAt(kind: EventKind, name: string, shape: Shape): string {
  const written = writtenAt(kind, [name]);
  return written?.optional === true ? "dyn" : typeOf(written?.shape ?? shape);
}

function typeOf(shape: Shape): string {
  switch (shape.kind) {
    case "integer":
      return "int";
    case "bool":
      return "bool";
    case "float":
      return "double";
    case "string":
    case "enum":
      return "string";
    case "array":
      return "list<dyn>";
    case "struct":
      return "map<string, dyn>";
    case "opaque":
      return "dyn";
  }
}

/** What fills in the values that the expression names, and no others. */
function fillers(kind: EventKind, names: ReadonlySet<string>) {
  const { shape, columns } = kind;
  const heads = new Set([...names].map((path) => path.split(".")[0] ?? ""));
  const whole = shape.kind !== "struct";
  const fill: ((event: BpfValue, into: Values) => void)[] = [];
  for (const { name, shape: inner } of membersOf(shape)) {
    if (!heads.has(name)) continue;
    const convert = converter(kind, inner, [name]);
    fill.push((event, into) => {
      into[name] = whole ? convert(event, {}) : convert((event as Struct)[name] ?? 0, event as Struct);
    });
  }
  if (heads.has(EVENT)) {
    const all: Shape = whole ? { kind: "struct", members: [{ name: "value", shape }] } : shape;
    const convert = converter(kind, all, []);
    fill.push((event, into) => {
      into[EVENT] = convert(whole ? { value: event } : event, {});
    });
  }
  const shown = columns.filter(({ name }) => names.has(`${SHOWN}.${name}`));
  if (heads.has(SHOWN))
    fill.push((event, into) => {
      into[SHOWN] = nested(shown, event);
    });
  return fill;
}

/** `{ key: { addr: "10.0.0.1" } }` for the column `key.addr`. */
function nested(columns: readonly Column[], event: BpfValue): Values {
  const all: Values = {};
  for (const column of columns) {
    const path = column.name.split(".");
    const last = path.pop() ?? "";
    let into = all;
    for (const step of path) {
      into[step] ??= {};
      into = into[step] as Values;
    }
    into[last] = column.text(event);
  }
  return all;
}

/** What stands in place of a member's raw value. Members of keys and values are named without them: `addr` for `key.addr`. */
function writtenAt({ columns }: EventKind, path: readonly string[]): Written | undefined {
  const names = [path, ["key", ...path], ["value", ...path]].map((steps) => steps.join("."));
  const all = names.flatMap((name) => columns.filter((column) => column.path.join(".") === name));
  return all[0]?.written;
}

type Convert = (value: BpfValue, record: Struct) => unknown;

/** From what we decode to what CEL computes with: its integers are bigints. @param path of the members that lead to the value */
function converter(kind: EventKind, shape: Shape, path: readonly string[]): Convert {
  const written = writtenAt(kind, path);
  if (written !== undefined) {
    const convert = plainConverter(written.shape);
    return (value, record) => {
      const shown = written.value(value, record);
      return shown === null ? null : convert(shown);
    };
  }
  if (shape.kind !== "struct") return plainConverter(shape);
  const members = shape.members.map((member) => ({
    name: member.name,
    convert: converter(kind, member.shape, [...path, member.name]),
  }));
  return (value) => {
    const record = value as Struct;
    return Object.fromEntries(members.map(({ name, convert }) => [name, convert(record[name] ?? 0, record)]));
  };
}

function plainConverter(shape: Shape): (value: BpfValue) => unknown {
  switch (shape.kind) {
    case "integer":
      return (value) => BigInt(integerOf(value) ?? 0);
    case "enum":
      return rawText;
    case "array": {
      const element = plainConverter(shape.element);
      return (value) => (Array.isArray(value) ? value.map(element) : []);
    }
    case "struct": {
      const members = shape.members.map((member) => ({
        name: member.name,
        convert: plainConverter(member.shape),
      }));
      return (value) =>
        Object.fromEntries(members.map(({ name, convert }) => [name, convert((value as Struct)[name] ?? 0)]));
    }
    default:
      return (value) => value;
  }
}

/** Every name in the expression, with what is behind its dots: `pid`, `shown.key.addr`. */
function namesIn(ast: ASTNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(ast);
  return names;

  function visit(node: unknown): void {
    const path = pathOf(node);
    if (path !== undefined) {
      names.add(path);
      return;
    }
    if (Array.isArray(node)) node.forEach(visit);
    else if (isNode(node)) visit(node.args);
  }
}

function pathOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.op === "id") return String(node.args);
  if (node.op !== "." || !Array.isArray(node.args)) return undefined;
  const inner = pathOf(node.args[0]);
  return inner === undefined ? undefined : `${inner}.${String(node.args[1])}`;
}

function isNode(value: unknown): value is { readonly op: string; readonly args: unknown } {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function columnShown(kind: EventKind, path: string): Column | undefined {
  return kind.columns.find(({ name }) => path === `${SHOWN}.${name}`);
}

/** The message of the library, and the place it speaks of. */
function problem(text: string, error: unknown, next: string): UsageError {
  const { range } = error as ParseError;
  const place =
    range === undefined || range.end > text.length ? "" : ` at "${text.slice(range.start, range.end)}"`;
  return new UsageError(`--filter: ${summaryOf(error)}${place}`, next);
}

function summaryOf(error: unknown): string {
  const summary = (error as ParseError).summary ?? String(error);
  return summary.split("\n")[0] ?? "";
}

function hintFor(text: string, error: unknown, kind: EventKind, taken: readonly string[]): string {
  const other = taken.find((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(text));
  if (other !== undefined) return `${other} means something else here: write ${EVENT}.${other}`;
  const { range } = error as ParseError;
  const word = range === undefined ? "" : text.slice(range.start, range.end);
  const members = membersOf(kind.shape);
  if (members.some(({ name }) => name === word))
    return `${word} means something else here: write ${EVENT}.${word}`;
  if (/^[A-Za-z_]\w*$/.test(word)) return columnHint(word, kind);
  const types = members.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text));
  return types.length === 0
    ? columnHint("", kind)
    : types.map(({ name, shape }) => `${name} is ${typeAt(kind, name, shape)}`).join(", ");
}

function columnHint(path: string, { columns, shape }: EventKind): string {
  const names = [...new Set([...membersOf(shape), ...columns].map(({ name }) => name))];
  return didYouMean(path.replace(`${SHOWN}.`, ""), names) ?? `the columns are ${names.join(", ")}`;
}
