import type { Written } from "../formats/format.ts";
import type { Shape } from "../shapes/shape.ts";
import type { Column } from "./columns.ts";
import { jsonFormatOf, jsonStructFormat, type MemberText, type ValueText } from "./format-value.ts";

/** An event with only these columns, as one JSON value. */
export function eventJson(shape: Shape, columns: readonly Column[]): ValueText {
  return shape.kind === "struct" ? jsonStructFormat(memberTexts(shape, columns)) : jsonFormatOf(shape);
}

/** The members of an event that these columns show, in the order of the columns; structs stay structs. */
export function memberTexts(
  shape: Extract<Shape, { kind: "struct" }>,
  columns: readonly Column[],
): MemberText[] {
  const heads = [...new Set(columns.flatMap(({ path }) => path.slice(0, 1)))];
  return heads.flatMap((head): MemberText[] => {
    const member = shape.members.find(({ name }) => name === head);
    if (member === undefined) return [];
    const inside = columns.filter(({ path }) => path[0] === head);
    const whole = inside.find(({ path }) => path.length === 1);
    if (whole === undefined)
      return [{ name: head, format: eventJson(member.shape, inside.map(withoutHead)) }];
    const { written } = whole;
    return [
      { name: head, format: written === undefined ? jsonFormatOf(member.shape) : writtenJson(written) },
    ];
  });
}

function writtenJson({ shape, value }: Written): MemberText["format"] {
  const json = jsonFormatOf(shape);
  return (raw, record) => {
    const shown = value(raw, record);
    return shown === null ? "null" : json(shown);
  };
}

function withoutHead(column: Column): Column {
  return { ...column, path: column.path.slice(1) };
}
