import { describe, expect, it } from "vitest";
import { command } from "../src/formats/command.ts";
import type { StructNotes } from "../src/shapes/annotations.ts";
import { gatherTexts } from "../src/shapes/gathered-texts.ts";
import type { StructShape } from "../src/shapes/shape.ts";

const u32 = { kind: "integer", bits: 32, signed: false } as const;
const u8 = { kind: "integer", bits: 8, signed: false } as const;

const shape: StructShape = {
  kind: "struct",
  name: "event",
  members: [
    { name: "pid", shape: u32 },
    { name: "file", shape: u32 },
    { name: "args", shape: u32 },
    { name: "texts", shape: { kind: "array", element: u8, length: 0 } },
  ],
};

function notes(within = "texts"): StructNotes {
  const plain = { format: undefined, hidden: false, ignore: false };
  return {
    view: undefined,
    kind: undefined,
    members: new Map([
      ["file", { ...plain, text: { within, many: false } }],
      ["args", { ...plain, text: { within, many: true } }],
    ]),
  };
}

const at = (begin: number, length: number) => (length * 65536 + begin) >>> 0;

describe("texts of any length", () => {
  const complaints: string[] = [];
  const texts = gatherTexts(shape, notes(), (line) => complaints.push(line));

  function gathered(file: number, args: number, text: string) {
    return texts?.gather({ pid: 7, file, args, texts: [...Buffer.from(text)] });
  }

  it("take the place of where they are", () => {
    expect(complaints).toEqual([]);
    expect(gathered(at(0, 8), at(8, 15), "/bin/sh\0sh\0-c\0echo hi\0")).toEqual({
      pid: 7,
      file: "/bin/sh",
      args: ["sh", "-c", "echo hi"],
    });
    expect(texts?.shape.members.map(({ name, shape }) => [name, shape.kind])).toEqual([
      ["pid", "integer"],
      ["file", "string"],
      ["args", "array"],
    ]);
  });

  it("keep empty ones, and a last one without its NUL", () => {
    expect(gathered(0, at(0, 7), "a\0\0bcd")).toMatchObject({ file: "", args: ["a", "", "bcd"] });
  });

  it("end where the bytes end, whatever a program claims", () => {
    expect(gathered(at(2, 65_535), at(60_000, 65_535), "abc\0")).toMatchObject({ file: "c", args: [] });
  });

  it("are numbers, with a warning, where the annotation does not fit", () => {
    const lines: string[] = [];
    expect(gatherTexts(shape, notes("nothing"), (line) => lines.push(line))).toBeUndefined();
    expect(lines).toEqual([
      "file: there is no member nothing: shown as it is",
      "args: there is no member nothing: shown as it is",
    ]);
  });
});

describe("format command", () => {
  const context = {
    machine: undefined as never,
    btf: undefined,
    siblings: [{ name: "missing", shape: u32 }],
  };
  const list = { kind: "array", element: { kind: "string", size: 0 }, length: 0 } as const;

  it("quotes what a shell would take apart, and marks what is missing", () => {
    const format = command(list, ["missing"], context);
    if (typeof format === "string") throw new Error(format);
    expect(format.text(["sh", "-c", "echo 'a b'", "", "x=1"], { missing: 0 })).toBe(
      `sh -c 'echo '\\''a b'\\''' '' x=1`,
    );
    expect(format.text(["cc", "-o"], { missing: 12 })).toBe("cc -o …");
  });

  it("is for arrays of texts", () => {
    expect(command(u32, [], context)).toBe("is for arrays of texts");
    expect(command(list, ["gone"], context)).toBe("names gone, which the struct does not have");
  });
});
