import { expect, it } from "vitest";
import { columnsOf } from "../src/output/columns.ts";
import { layoutOf } from "../src/output/layout.ts";
import type { Shape } from "../src/shapes/shape.ts";
import { testMachine } from "./machine.ts";

const integer: Shape = { kind: "integer", bits: 32, signed: false };
const shape: Shape = {
  kind: "struct",
  members: ["pid", "pool"].map((name) => ({ name, shape: integer })),
};

it("a view may name a member that is hidden, for when a flag shows it", () => {
  const columns = columnsOf(shape, { machine: testMachine() });
  const folded = columns.map((column) => ({ ...column, hidden: column.name === "pid" }));
  const shownOf = (all: typeof columns) =>
    layoutOf("table pool, pid", all, () => {}, shape).columns.map(({ name }) => name);
  expect(shownOf(columns)).toEqual(["pool", "pid"]);
  expect(shownOf(folded)).toEqual(["pool"]);
});

it("a view may name a member that a flag leaves out, and none that is not there", () => {
  const columns = columnsOf(shape, { machine: testMachine() }).filter(({ name }) => name !== "pool");
  const warnings: string[] = [];
  const { columns: shown } = layoutOf("table pid, pool, pol", columns, (line) => warnings.push(line), shape);
  expect(shown.map(({ name }) => name)).toEqual(["pid"]);
  expect(warnings).toEqual(["@view: there is no member pol"]);
});
