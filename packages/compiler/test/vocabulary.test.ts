import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FORMAT_WORDS } from "../../runtime/src/formats/index.ts";
import { readAnnotations } from "../src/source/annotations.ts";
import type { DocComment } from "../src/source/doc-comment.ts";
import { sourceFile } from "../src/source/source-file.ts";
import { checkAnnotations, FORMATS, isWordOf, type Place } from "../src/source/vocabulary.ts";

const text = readFileSync(new URL("../../../docs/packages.md", import.meta.url), "utf8");

const SECTIONS: readonly (readonly [heading: string, place: Place])[] = [
  ["On the license", "license"],
  ["On variables", "variable"],
  ["On maps", "map"],
  ["On programs", "program"],
  ["On struct members", "member"],
  ["On structs", "struct"],
];

function section(heading: string): string {
  const begin = text.indexOf(`\n## ${heading}`);
  const end = text.slice(begin + 1).search(/\n##? /);
  expect(begin).toBeGreaterThan(0);
  return text.slice(begin, end < 0 ? undefined : begin + 1 + end);
}

/** Words in the first column of tables. */
function wordsIn(part: string): string[] {
  return [...part.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`@([a-z_-]+)`/g)].map(([, word = ""]) => word),
  );
}

describe("docs/packages.md and the compiler", () => {
  it.each(SECTIONS)("agree on the words of: %s", (heading, place) => {
    const words = wordsIn(section(heading));
    expect(words.length).toBeGreaterThan(3);
    expect(words.filter((word) => !isWordOf(word, place))).toEqual([]);
  });

  it("agree on the examples, which nothing is wrong with", async () => {
    const examples = [...text.matchAll(/```c\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
    expect(examples.length).toBeGreaterThan(6);
    const remarks: unknown[] = [];
    const check = (doc: DocComment | undefined, place: Place) =>
      remarks.push(...(doc === undefined ? [] : checkAnnotations(readAnnotations(doc), place)));
    for (const code of examples) {
      const { declarations, structs, strays } = await sourceFile("example.c", code.replaceAll("…", ""));
      for (const { names, section: sec, doc } of declarations) {
        const isProgram = sec !== undefined && sec !== ".maps" && sec !== "license";
        const place = isProgram ? "program" : sec === ".maps" ? "map" : "variable";
        check(doc, names.includes("LICENSE") ? "license" : place);
      }
      for (const { doc, members } of structs) {
        check(doc, "struct");
        for (const member of members) check(member.doc, "member");
      }
      // Alternatives below an example stand alone.
      for (const doc of strays) check(doc, "map");
    }
    expect(remarks).toEqual([]);
  });

  it("agree with the runner on the formats", () => {
    expect(FORMATS).toEqual([...FORMAT_WORDS].sort());
  });
});
