import { describe, expect, it } from "vitest";
import { tokenize } from "../../src/source/lexer.ts";

const texts = (source: string) => tokenize(source).map(({ kind, text }) => `${kind}:${text}`);

describe("tokenize", () => {
  it("tells words, numbers, strings and punctuation apart", () => {
    expect(texts(`int x = 0x1fULL + 1.5e-3; char c = '\\''; s = "a\\"b";`)).toEqual([
      ..."word:int word:x punctuation:= number:0x1fULL punctuation:+ number:1.5e-3 punctuation:;".split(" "),
      ..."word:char word:c punctuation:= string:'\\'' punctuation:;".split(" "),
      ...`word:s punctuation:= string:"a\\"b" punctuation:;`.split(" "),
    ]);
  });

  it("sees no comment inside a string and no string inside a comment", () => {
    expect(texts(`a = "/* no */ // no"; /* "x */ b // "y\nc`)).toEqual([
      ..."word:a punctuation:=".split(" "),
      `string:"/* no */ // no"`,
      ..."punctuation:; word:b word:c".split(" "),
    ]);
  });

  it("keeps doc comments, without their decoration, and drops the others", () => {
    const source = `/// one
//! two
/**
 * three
 *   four
 */
/*! five */
// no
//// no
/* no */
/**/
/*** no */
int a; ///< six
`;
    expect(
      tokenize(source)
        .filter(({ kind }) => kind === "doc")
        .map(({ text, line, trailing }) => [text, line, trailing]),
    ).toEqual([
      ["one", 1, false],
      ["two", 2, false],
      ["three\nfour", 3, false],
      ["five", 7, false],
      ["six", 13, true],
    ]);
  });

  it("takes a directive with its continued lines as one token", () => {
    const source = '#define A(x) \\\n  x + 1 /* two\n lines */\n  #include "b.h"\nint y;';
    expect(tokenize(source).map(({ kind, line }) => `${kind} ${line}`)).toEqual([
      "directive 1",
      "directive 4",
      "word 5",
      "word 5",
      "punctuation 5",
    ]);
  });

  it("gets to the end of anything", () => {
    for (const source of ['"open', "'", "/* open", "/** open", "#", "\\", "\u0000🐝é@`", "a\\\nb"])
      tokenize(source);
    tokenize(`${'"'.repeat(20_000)}${"/*".repeat(20_000)}`);
  });
});
