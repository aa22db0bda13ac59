import { describe, expect, it } from "vitest";
import { sourceFile } from "../../src/source/source-file.ts";

const SOURCE = `
#include "vmlinux.h"
/// about pid
const volatile pid_t pid = 0, /* and */ uid = 0;
/// @sample {"interval": 1}
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(value, struct key);
} counts SEC(".maps");

/// lost: a directive follows
#define X 1
int plain;
int trailing; ///< after it
/** first */

/** second, and it counts */
SEC("tp/sched/sched_switch")
int handle(struct trace *ctx)
{
  /// inside a function
  int local = 0;
  return local;
}
/// with a macro
SEC("kprobe/do_unlinkat")
int BPF_KPROBE(unlink, int dfd, struct filename *name) { return 0; }
/// packed
struct __attribute__((packed)) { int a; } anonymous;
/// the license
char LICENSE[] SEC("license") = "GPL";
`;
const file = await sourceFile("source.c", SOURCE);
const text = (doc: { readonly lines: readonly { readonly text: string }[] } | undefined) =>
  doc?.lines.map((line) => line.text).join("\n");
const declared = (name: string, { declarations } = file) =>
  declarations.find(({ names }) => names.includes(name));

describe("the file level of a source", () => {
  it.each([
    ["pid", "about pid"],
    ["uid", "about pid"],
    ["counts", '@sample {"interval": 1}'],
    ["plain", undefined],
    ["trailing", "after it"],
    ["handle", "second, and it counts"],
    ["unlink", "with a macro"],
    ["anonymous", "packed"],
    ["LICENSE", "the license"],
  ])("gives %s its own comment", (name, doc) => {
    expect(text(declared(name)?.doc)).toBe(doc);
  });

  it.each(["ctx", "dfd", "local", "type", "key", "filename", "sched_switch", "a", "nothing"])(
    "does not take %s for something declared at file level",
    (name) => {
      expect(declared(name)).toBeUndefined();
    },
  );

  it("joins comments of adjacent lines", async () => {
    const { declarations } = await sourceFile("x.c", "/// one\n/// two\nint x;");
    expect(text(declarations[0]?.doc)).toBe("one\ntwo");
  });

  it("keeps documentation that describes nothing apart", () => {
    expect(file.strays.map(text)).toEqual(["lost: a directive follows", "first", "inside a function"]);
  });

  it.each([
    ['SEC("xdp") int BPF_PROG(f) { return 0; }', "f", "xdp"],
    ['SEC("fexit/x")\nint BPF_PROG2(f, struct big, b, int, ret)\n{ return 0; }', "f", "fexit/x"],
    ['SEC("k") static __always_inline int BPF_KRETPROBE(f, int ret) { return 0; }', "f", "k"],
    ['SEC("struct_ops/x") s32 BPF_STRUCT_OPS(f, struct task_struct *p) { return 0; }', "f", "struct_ops/x"],
    ['SEC("u") int MY_PROBE(f, long a) { return 0; }', "f", "u"],
    ['__attribute__((section("xdp"), used)) int f(void *ctx) { return 0; }', "f", undefined],
    ['SEC(".maps") struct { __uint(type, A); __array(values, struct { int a; }); } f;', "f", ".maps"],
    ['struct { __uint(type, A); __type(key, struct k); } f SEC(".maps"), g;', "g", ".maps"],
    ['#define RING(n) struct { int a; } n SEC(".maps")\nint a;\nRING(f);', "f", undefined],
    ["extern int f __kconfig __weak;", "f", undefined],
    ['const volatile char f[16] __attribute__((aligned(8))) = "a{b";', "f", undefined],
    ["#if X\n/// d\nint f;\n#else\nint g;\n#endif", "f", undefined],
    ["#ifdef X\n#elif Y\nint *(*f[2])(int a);\n#endif", "f", undefined],
    ["static INLINE int helper(int a) { return a; }\nint f;", "f", undefined],
  ])("finds what %s declares", async (source, name, section) => {
    const found = declared(name, await sourceFile("x.c", source));
    expect(found?.names).toContain(name);
    expect(found?.section).toBe(section);
  });

  it("sees no macro, no comment and no quotes where they are text", async () => {
    const { declarations, strays } = await sourceFile(
      "x.c",
      'char *a = "/// no\\" SEC(x)"; /* SEC( */ // "\n#define M SEC("y") /** no */\nint b;',
    );
    expect(declarations.map(({ names }) => names.join())).toEqual(["a", "b"]);
    expect(strays).toEqual([]);
  });

  it("takes the comments that clang takes for documentation", async () => {
    const source = [
      "/// a",
      "//! b",
      "/** c */",
      "/*! d */",
      "// no",
      "//// no",
      "/* no */",
      "/**/",
      "/*** no */",
    ];
    const { strays } = await sourceFile("x.c", source.map((line) => `${line}\n\n`).join("#define X\n"));
    expect(strays.map(text)).toEqual(["a", "b", "c", "d"]);
  });

  it("gets to the end of anything", async () => {
    const sources = [
      "}}} int a;",
      "int f( {",
      ")];",
      "struct {",
      "/// doc",
      '"open',
      "'",
      "/* open",
      "#",
      "\\",
    ];
    sources.push(
      "\u0000🐝é@`",
      "a\\\nb",
      "SEC(",
      'SEC("x',
      "__uint(",
      "(".repeat(20_000),
      "{".repeat(20_000),
    );
    for (const source of sources) await sourceFile("x.c", source);
  });
});
