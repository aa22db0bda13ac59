import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../", import.meta.url);

describe.each([
  ["docs/compat.md", 100],
  ["docs/defects.md", 80],
])("%s names tests that are there", (file, least) => {
  const page = readFileSync(new URL(file, root), "utf8");
  /** `runtime/test/flags.test.ts` "follows annotations" */
  const named = [...page.matchAll(/`([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)].map(
    ([, test = "", name]) => [test, name] as const,
  );

  it("and many of them", () => expect(named.length).toBeGreaterThan(least));

  it.each([...new Set(named.map(([test]) => test))])("%s", (test) => {
    const path = new URL(test.startsWith("test/") ? test : `packages/${test}`, root);
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, "utf8");
    const names = named.flatMap(([other, name]) => (other === test && name !== undefined ? [name] : []));
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });
});

describe("docs/defects.md", () => {
  it("has a test for every defect", () => {
    const rows = readFileSync(new URL("docs/defects.md", root), "utf8").match(/^\|.*\|$/gm) ?? [];
    const defects = rows.filter((row) => !/^\|(?:---| the model)/.test(row));
    expect(defects.filter((row) => !/`[\w./-]+\.test\.ts`/.test(row.split(" | ").at(-1) ?? ""))).toEqual([]);
  });
});
