import { describe, expect, it } from "vitest";
import { escapeJson, escapeLines, escapeText } from "../src/output/escape.ts";

describe("escapeText", () => {
  it("leaves ordinary text alone, accents, scripts and emoji included", () => {
    for (const text of ["bash", "C:\\x", "größe 文件 🐝", ""]) expect(escapeText(text)).toBe(text);
  });

  it("shows control characters, so that a name can neither break a row nor reach the terminal", () => {
    expect(escapeText("a\nb\r\tc")).toBe("a\\nb\\r\\tc");
    expect(escapeText("\x1b[2J\x07\x7f\x9b")).toBe("\\x1b[2J\\x07\\x7f\\x9b");
  });

  it("shows characters that turn the direction of text around", () => {
    expect(escapeText("a\u202eb\u2066c\u2069")).toBe("a\\u202eb\\u2066c\\u2069");
  });

  it("shows bytes that were not UTF-8 as those bytes", () => {
    expect(escapeText("x\udc80\udcff")).toBe("x\\x80\\xff");
    expect(escapeText("\ud800!")).toBe("\\ud800!");
  });
});

describe("escapeLines", () => {
  it("leaves lines and tabs, and nothing else that a terminal acts on", () => {
    expect(escapeLines("a\n\tb 🐝\n\n\x1b[2J\rc\u202e\n")).toBe("a\n\tb 🐝\n\n\\x1b[2J\\rc\\u202e\n");
  });
});

describe("escapeJson", () => {
  it("keeps the value and hides it from the terminal", () => {
    const text = "\x1b\x7f\x9b\u202e\u2028 🐝";
    const json = escapeJson(JSON.stringify(text));
    expect(JSON.parse(json)).toBe(text);
    expect(json).toBe('"\\u001b\\u007f\\u009b\\u202e\\u2028 🐝"');
  });
});
