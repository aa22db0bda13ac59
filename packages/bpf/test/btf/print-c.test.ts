import { describe, expect, it } from "vitest";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { declaration, printC, printTypeName } from "../../src/btf/print-c.ts";
import { type BtfComposite, BtfKind } from "../../src/btf/types.ts";
import { MalformedError } from "../../src/errors.ts";
import { compileToBtf, roundTrip } from "./c-round-trip.ts";
import { plainInt } from "./plain-int.ts";

/** Types that a printer gets wrong easily. */
const AWKWARD = `
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64; typedef _Bool bool;
struct bits { u32 a : 3; u32 : 2; u32 b : 20; u64 c : 40; u8 d : 1; bool e : 1; signed int f : 7; };
struct bits_apart { u32 a : 4; u32 : 0; u32 b : 4; };
struct bits_crossing { u32 a : 20; u32 b : 20; } __attribute__((packed));
struct bits_shifted { u8 x; u32 a : 24; u8 y; };
struct packed { u8 a; u64 b; u32 c; } __attribute__((packed));
struct packed_aligned { u8 a; u64 b; u8 c[3]; } __attribute__((packed, aligned(4)));
struct holds_packed { u8 a; struct packed_aligned b; u8 c; struct packed d; };
struct cacheline { int a; int b __attribute__((aligned(64))); };
struct holds_cacheline { char a; struct cacheline b; char c; };
struct tail { u64 a; u8 b; } __attribute__((aligned(32)));
struct wide { __int128 a; u8 b; unsigned __int128 c; };
struct empty {};
struct only_empty { struct empty a; int b; struct empty c; };
struct nothing_but_size { u8 : 8; u32 : 32; };
struct flexible { int n; struct { u8 a; u32 b; } items[]; };
struct zero { int n; u64 more[0]; };
union sized { u8 a; char b[5]; } __attribute__((aligned(16)));
union packed_union { u64 a; char b[9]; } __attribute__((packed));
struct nested { union { struct { u8 a; u32 b; }; u64 c; }; struct { int x; } d[3]; union { int y; } *e; };
enum plain { A, B = -5, C };
enum wide_enum { W = 0x100000000ULL, V };
enum wide_signed { X = -0x100000000LL };
enum __attribute__((packed)) byte_enum { P, Q };
enum __attribute__((mode(HI))) half_enum { H };
struct enums { enum plain a; enum wide_enum b; enum wide_signed c; enum byte_enum d; enum half_enum e; u8 f; enum { IN_PLACE = 7 } g; };
struct later; struct only_as_parameter;
struct pointers {
  const char *const *a; volatile int *volatile b; int *restrict c; void (*d)(void); int (*e[4])(const char *, ...);
  int (*(*f)(int, void *))[3]; struct pointers *g; struct not_here *h; int (*i)[2][3]; const u8 j[4];
  void (*k)(struct later *, enum plain, struct only_as_parameter *); int *const l[2];
};
struct later { struct pointers *p; struct nested n; };
typedef struct { int anonymous; } anonymous_t;
typedef struct later later_t;
typedef void (*callback_t)(later_t *, anonymous_t);
typedef int matrix_t[2][3];
struct uses_typedefs { anonymous_t a; later_t *b; callback_t c; matrix_t d; const matrix_t e; };
struct doubles { float a; double b; };
struct long_gap { u8 a; u8 b __attribute__((aligned(128))); };
`;
const NAMES = [...AWKWARD.matchAll(/^(struct|union) (\w+) \{/gm)].map(([, kind, name]) => `${kind} ${name}`);

describe("printC", () => {
  const source = `${AWKWARD}\n${NAMES.map((name, index) => `${name} v${index};`).join("\n")}\n`;
  const btf = compileToBtf(source);

  it("keeps every offset of awkward structs through a compiler", () => {
    expect(NAMES.length).toBeGreaterThan(20);
    const { compared, differences } = roundTrip(btf);
    expect(compared).toBeGreaterThanOrEqual(NAMES.length);
    expect(differences).toEqual([]);
  });

  it("prints them as reviewed", async () => {
    await expect(printC(btf, { guard: "AWKWARD_H" })).toMatchFileSnapshot("golden/awkward.h");
  });

  it("prints only what the roots need", () => {
    const text = printC(btf, { roots: [btf.find("doubles", BtfKind.Struct)!] });
    expect(text).toContain("struct doubles {\n\tfloat a;\n\tdouble b;\n};\n");
    expect(text).not.toContain("struct later");
  });

  it("tells types of the same name apart by a flavour", () => {
    const builder = new BtfBuilder();
    const enumeration = (name: string, value: string) =>
      ({
        kind: BtfKind.Enum,
        name,
        size: 4,
        signed: false,
        values: [{ name: value, value: 1n }],
      }) as const;
    const int = builder.add(INT);
    builder.add({ ...struct("same"), members: [member("a", int, 0)] });
    builder.add({ ...struct("same"), members: [member("b", int, 0)] });
    builder.add({ kind: BtfKind.Typedef, name: "word", typeId: int, kindFlag: false });
    builder.add(enumeration("e", "word"));
    builder.add(enumeration("", "word"));
    const forward = builder.add({ kind: BtfKind.Fwd, name: "same", union: false });
    const pointer = builder.add({ kind: BtfKind.Ptr, name: "", typeId: forward, kindFlag: false });
    builder.add({ ...struct("user"), size: 8, members: [member("p", pointer, 0)] });
    const text = printC(builder.build());
    expect(text).toContain("struct same {\n\tint a;\n};");
    expect(text).toContain("struct same___2 {\n\tint b;\n};");
    expect(text).toContain("typedef int word;");
    expect(text).toContain("enum e {\n\tword___2 = 1,\n};");
    expect(text).toContain("enum {\n\tword___3 = 1,\n};");
    expect(text).toContain("struct user {\n\tstruct same *p;\n};");
  });

  it("reads bitfields of the old kind, which are ints narrower than their bytes", () => {
    const builder = new BtfBuilder();
    const narrow = builder.add({ ...INT, name: "unsigned int", bits: 5, bitOffset: 3, signed: false });
    builder.add({ ...struct("old"), members: [member("a", narrow, 0)] });
    expect(printC(builder.build())).toContain("struct old {\n\tchar: 3;\n\tunsigned int a: 5;\n};");
  });

  it("spells integers that C does not know by their size", () => {
    const builder = new BtfBuilder();
    const usize = builder.add({ ...INT, name: "usize", size: 8, bits: 64, signed: false });
    const btf = builder.build();
    expect(printTypeName(btf, usize)).toBe("unsigned long long");
  });

  it("makes identifiers of names that C does not allow", () => {
    const builder = new BtfBuilder();
    builder.add(struct("core::fmt<1>; int x"));
    expect(printC(builder.build())).toContain("struct core__fmt_1___int_x {");
  });

  it("ends on types that hold one another twice on every level", () => {
    const builder = new BtfBuilder();
    let inner = builder.add(INT);
    for (let level = 0; level < 60; level++) {
      const members = [member("a", inner, 0), member("b", inner, 0)];
      inner = builder.add({ kind: BtfKind.Union, name: "", size: 4, kindFlag: false, members });
    }
    builder.add({ ...struct("bomb"), members: [member("x", inner, 0)] });
    expect(() => printC(builder.build())).toThrow(MalformedError);
  });

  it("refuses a type that holds itself", () => {
    const builder = new BtfBuilder();
    const alias = builder.add({ kind: BtfKind.Typedef, name: "t", typeId: 1, kindFlag: false });
    const btf = builder.build();
    expect(() => printTypeName(btf, alias)).not.toThrow();
    const loop = new BtfBuilder();
    loop.add({ kind: BtfKind.Ptr, name: "", typeId: 1, kindFlag: false });
    expect(() => printTypeName(loop.build(), 1)).toThrow(MalformedError);
    const nest = new BtfBuilder();
    nest.add({ ...struct(""), members: [member("m", 1, 0)] });
    expect(() => printTypeName(nest.build(), 1)).toThrow(MalformedError);
  });
});

describe("declarations", () => {
  const source = `
    typedef unsigned long long __u64; typedef int pid_t; struct event { int x; }; struct stack { __u64 ip[4]; };
    const volatile unsigned int number; const volatile pid_t pid; const char text[100] = "x"; struct event *pointer;
    const volatile __u64 big; const char *const words[3] = { "a" }; int (*function)(const char *, struct event *);
    int (*table[2])(void); _Bool yes; unsigned __int128 huge; struct stack stack; int matrix[2][3];
    unsigned char byte; signed char small; long signed_long; void *nothing; int (*rows)[3];
  `;
  const btf = compileToBtf(source);
  const variable = (name: string) => {
    const type = btf.type(btf.find(name, BtfKind.Var)!);
    return type.kind === BtfKind.Var ? type.typeId : 0;
  };
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    number: ["unsigned int", "const volatile unsigned int number"],
    pid: ["pid_t", "const volatile pid_t pid"],
    text: ["char[100]", "const char text[100]"],
    pointer: ["struct event *", "struct event *pointer"],
    big: ["__u64", "const volatile __u64 big"],
    words: ["char *[3]", "const char *const words[3]"],
    function: ["int (*)(char *, struct event *)", "int (*function)(const char *, struct event *)"],
    table: ["int (*[2])(void)", "int (*table[2])(void)"],
    yes: ["_Bool", "_Bool yes"],
    huge: ["unsigned __int128", "unsigned __int128 huge"],
    stack: ["struct stack", "struct stack stack"],
    matrix: ["int[2][3]", "int matrix[2][3]"],
    byte: ["unsigned char", "unsigned char byte"],
    small: ["signed char", "signed char small"],
    signed_long: ["long", "long signed_long"],
    nothing: ["void *", "void *nothing"],
    rows: ["int (*)[3]", "int (*rows)[3]"],
  };
  for (const [name, [type, declared]] of Object.entries(cases)) {
    it(`of ${name} is ${declared}`, () => {
      expect(printTypeName(btf, variable(name))).toBe(type);
      expect(declaration(btf, variable(name), name)).toBe(declared);
    });
  }
});

const INT = plainInt();
const struct = (name: string): Omit<BtfComposite, "id"> => ({
  kind: BtfKind.Struct,
  name,
  size: 4,
  kindFlag: false,
  members: [],
});
const member = (name: string, typeId: number, bitOffset: number) => ({ name, typeId, bitOffset, bitSize: 0 });
