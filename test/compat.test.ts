import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/compat.md", root), "utf8");
/** `runtime/test/flags.test.ts` "follows annotations" */
const named = [...page.matchAll(/`([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)].map(
  ([, file = "", name]) => [file, name] as const,
);

describe("docs/compat.md names tests that are there", () => {
  it("and many of them", () => expect(named.length).toBeGreaterThan(100));

  it.each([...new Set(named.map(([file]) => file))])("%s", (file) => {
    const path = new URL(file.startsWith("test/") ? file : `packages/${file}`, root);
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, "utf8");
    const names = named.flatMap(([other, name]) => (other === file && name !== undefined ? [name] : []));
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });
});
