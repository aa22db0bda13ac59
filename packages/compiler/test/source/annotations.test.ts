import { describe, expect, it } from "vitest";
import { readAnnotations } from "../../src/source/annotations.ts";
import { entriesOf } from "../../src/source/vocabulary.ts";

const annotations = (comment: string) =>
  readAnnotations({ lines: comment.split("\n").map((text, index) => ({ text, line: index + 1 })) });
const entries = (comment: string) => entriesOf(annotations(comment), "variable");

describe("readAnnotations", () => {
  it.each<[string, string, unknown]>([
    ["plain text", "Trace opens.", { description: "Trace opens." }],
    ["quoted text", '"Trace opens."', { description: "Trace opens." }],
    ["a description by name", '@description "Process ID to trace"', { description: "Process ID to trace" }],
    ["a description over two lines", "Trace opens\nof files.", { description: "Trace opens of files." }],
    ["a backslash command", "\\description text", { description: "text" }],
    ["a number as text", "@description 42", { description: "42" }],
    ["JSON", '@cmdarg {"default": 0, "long": "pid"}', { cmdarg: { default: 0, long: "pid" } }],
    ["JSON without a space", '@cmdarg{"long": "pid"}', { cmdarg: { long: "pid" } }],
    [
      "JSON over several lines",
      '@sample {\n"interval": 1000,\n\n"type": "log2_hist"\n}',
      { sample: { interval: 1000, type: "log2_hist" } },
    ],
    ["two commands", "@ifindex 1\n@flags 0", { ifindex: 1, flags: 0 }],
    ["several examples", "@example a -1\n@version 2\n@example a -2", { example: "a -1\na -2", version: "2" }],
    [
      "two commands in a line",
      '@flags 0 @xdpopts {"old_prog_fd":0}',
      { flags: 0, xdpopts: { old_prog_fd: 0 } },
    ],
    ["a command without a value", "@optional", { optional: true }],
    ["a name with a dash", "@one-of connect", { "one-of": "connect" }],
    [
      "text that looks like markup or commands",
      "use <pid> and a\\b, mail me@x",
      { description: "use <pid> and a\\b, mail me@x" },
    ],
    [
      "doxygen commands, lines kept",
      "@brief Opens\n@details one\ntwo\n\nmore",
      { brief: "Opens", details: "one\ntwo", description: "more" },
    ],
    ["a version that looks like a number", "@version 1.10", { version: "1.10" }],
    [
      "parameters of functions, dropped",
      "Handles it.\n@param ctx the context",
      { description: "Handles it." },
    ],
    ["text after a description by name", "@description one\n\ntwo", { description: "one two" }],
    ["nothing", "", {}],
  ])("reads %s", (_what, comment, expected) => {
    expect(entries(comment)).toEqual(expected);
  });

  it("tells the line of each annotation, in a comment of many lines", () => {
    const comment = 'Text\nmore\n@sample {\n"interval": 1\n}\n@flags 0 @ifindex 1\n\nlast';
    expect(annotations(comment).map(({ word, line }) => [word, line])).toEqual([
      ["description", 0],
      ["sample", 3],
      ["flags", 6],
      ["ifindex", 6],
    ]);
  });

  it("keeps a view as text, its quotes included", () => {
    expect(entries('@view rows\nheader "A"\n"{a}"')).toEqual({ view: 'rows header "A" "{a}"' });
  });

  it("ends for any comment", () => {
    for (const text of ["@", "@ x", "{".repeat(5000), '@a {"b": '.repeat(500), "\\", "@a\n".repeat(5000)])
      annotations(text);
  });
});
