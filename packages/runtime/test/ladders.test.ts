import type { ObjectSpec, ProgramSpec } from "@skep/bpf";
import { NotFoundError, UnsupportedError, VerifierError } from "@skep/bpf";
import type { ProgramMeta } from "@skep/package";
import { describe, expect, it } from "vitest";
import { matchSection } from "../../bpf/src/spec/sections.ts";
import { chosenRungs } from "../src/attach/chosen-rungs.ts";
import { declaredLadders, type Ladder, twinLadders } from "../src/attach/ladders.ts";
import { choiceLines, ProgramChoice } from "../src/attach/program-choice.ts";

/** An object of programs: name → SEC(). */
function object(sections: Readonly<Record<string, string>>): ObjectSpec {
  const programs = Object.entries(sections).map(([name, section]) => {
    const { definition, target, autoload } = matchSection(section);
    return { name, section, definition, target, autoload } as Partial<ProgramSpec> as ProgramSpec;
  });
  return { programs } as Partial<ObjectSpec> as ObjectSpec;
}

const note = (name: string, more: Partial<ProgramMeta>): ProgramMeta => ({
  name,
  attach: "",
  link: true,
  ...more,
});
const shape = (ladders: readonly Ladder[]) =>
  ladders.map(({ name, rungs }) => [name, rungs.map((rung) => [rung.name, rung.programs])]);

describe("declared ladders", () => {
  it("have a rung for each program, or for programs that name the same rung", () => {
    const spec = object({ a: "fentry/f", b: "fexit/f", c: "kprobe/f", d: "tp/x/y", e: "tp/x/z" });
    const notes = [
      note("a", { "one-of": "g/fast" }),
      note("b", { "one-of": "g/fast" }),
      note("c", { "one-of": "g", note: "slow" }),
      note("d", { "one-of": "h" }),
      note("e", {}),
    ];
    const ladders = declaredLadders(spec, notes);
    expect(shape(ladders)).toEqual([
      [
        "g",
        [
          ["fast", ["a", "b"]],
          ["c", ["c"]],
        ],
      ],
      ["h", [["d", ["d"]]]],
    ]);
    expect(ladders[0]?.rungs[1]?.note).toBe("slow");
  });

  it("go by the numbers of their rungs, then by the order of the object", () => {
    const spec = object({ a: "tp/x/a", b: "tp/x/b", c: "tp/x/c", d: "tp/x/d" });
    const groups = { a: "g/last", b: "g/10-b", c: "g/2-c", d: "g/later" };
    const notes = Object.entries(groups).map(([name, group]) => note(name, { "one-of": group }));
    expect(declaredLadders(spec, notes)[0]?.rungs.map(({ name }) => name)).toEqual([
      "2-c",
      "10-b",
      "last",
      "later",
    ]);
  });
});

describe("twins", () => {
  it("are tp_btf and raw_tp of a tracepoint, fentry and kprobe of a function", () => {
    const spec = object({
      a: "tp_btf/irq_handler_entry",
      b: "raw_tp/irq_handler_entry",
      c: "tp_btf/only_typed",
      d: "fentry/tcp_v4_connect",
      e: "fexit.s/tcp_v4_connect",
      f: "kprobe/tcp_v4_connect",
      g: "kretprobe/tcp_v4_connect",
      h: "kprobe/other",
      i: "raw_tracepoint/only_raw",
    });
    expect(shape(twinLadders(spec, []))).toEqual([
      [
        "irq_handler_entry",
        [
          ["tp_btf", ["a"]],
          ["raw_tp", ["b"]],
        ],
      ],
      [
        "tcp_v4_connect",
        [
          ["fentry", ["d", "e"]],
          ["kprobe", ["f", "g"]],
        ],
      ],
    ]);
  });

  it("are not what the source has a say about, what is not loaded anyway, or entry and exit", () => {
    const sections = {
      a: "fentry/f",
      b: "kprobe/f",
      c: "?tp_btf/t",
      d: "raw_tp/t",
      e: "fentry/g",
      f: "kretprobe/g",
    };
    const notes = [note("a", { "one-of": "x" }), note("b", { "one-of": "x" })];
    expect(twinLadders(object(sections), notes)).toEqual([]);
  });
});

describe("ProgramChoice", () => {
  const rung = (name: string, ...programs: string[]) => ({ name, programs, note: undefined });
  const ladder = {
    name: "g",
    rungs: [rung("one", "a", "b"), rung("two", "c"), rung("three", "d")],
    guessed: false,
  };
  const none = () => undefined;

  it("starts with the first rung without obstacles", () => {
    const choice = new ProgramChoice([ladder], new Set(["o", "p"]), (name) =>
      name === "b" || name === "p" ? `this kernel has no ${name}` : undefined,
    );
    expect(["a", "b", "c", "d", "o", "p", "z"].map((name) => choice.wants(name))).toEqual([
      false,
      false,
      true,
      false,
      undefined,
      false,
      undefined,
    ]);
    expect(choiceLines(choice)).toEqual(["g: uses two; not one: this kernel has no b"]);
  });

  it("takes the next rung when the kernel lacks something, and only then", () => {
    const choice = new ProgramChoice([ladder], new Set(), none);
    const mistake = new VerifierError("no", "", { program: "a", log: "", telling: [] });
    expect(choice.fallBack(mistake, undefined, none)).toBe(false);
    expect(choice.fallBack(new Error("no"), "a", none)).toBe(false);
    expect(choice.fallBack(new NotFoundError("gone"), "z", none)).toBe(false);
    expect(choice.fallBack(new NotFoundError("gone"), "b", none)).toBe(true);
    expect(choice.wants("c")).toBe(true);
    expect(() => {
      choice.fallBack(new NotFoundError("gone too"), "c", none);
      choice.fallBack(new UnsupportedError("never"), "d", none);
    }).toThrow("g can be done here in none of its ways: one: gone; two: gone too; three: never");
  });

  it("finds out which program made loading fail", () => {
    const other = { name: "h", rungs: [rung("x", "x"), rung("y", "y")], guessed: false };
    const choice = new ProgramChoice([ladder, other], new Set(["o"]), none);
    const lacking = new UnsupportedError("not here");
    const tryLoading = (programs: readonly string[]) => (programs.includes("x") ? lacking : undefined);
    expect(choice.fallBack(lacking, undefined, tryLoading)).toBe(true);
    expect([choice.wants("a"), choice.wants("x"), choice.wants("y")]).toEqual([true, false, true]);
    const optional = (programs: readonly string[]) => (programs.includes("o") ? lacking : undefined);
    expect(choice.fallBack(lacking, undefined, optional)).toBe(true);
    expect(choice.wants("o")).toBe(false);
    expect(choice.fallBack(lacking, undefined, none)).toBe(false);
  });

  it("without a rung left throws at once", () => {
    expect(() => new ProgramChoice([ladder], new Set(), () => "this kernel has nothing")).toThrow(
      UnsupportedError,
    );
  });
});

describe("--rung", () => {
  const spec = object({ a: "fentry/f", b: "kprobe/f", c: "fentry/g", d: "kprobe/g" });
  const ladders = declaredLadders(spec, [
    note("a", { "one-of": "f/fentry" }),
    note("b", { "one-of": "f/kprobe" }),
    note("c", { "one-of": "g/fentry" }),
    note("d", { "one-of": "g/kprobe" }),
  ]);

  it("leaves one way of a ladder, or of all that have it", () => {
    expect(shape(chosenRungs(ladders, ["g/kprobe"]))).toEqual([
      [
        "f",
        [
          ["fentry", ["a"]],
          ["kprobe", ["b"]],
        ],
      ],
      ["g", [["kprobe", ["d"]]]],
    ]);
    expect(shape(chosenRungs(ladders, ["kprobe"])).map(([name, rungs]) => [name, rungs?.length])).toEqual([
      ["f", 1],
      ["g", 1],
    ]);
  });

  it.each(["tracepoint", "h/kprobe", "f/kprob", ""])("knows no %j", (wish) => {
    expect(() => chosenRungs(ladders, [wish])).toThrow("there is no");
  });
});
