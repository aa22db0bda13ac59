import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stripDebug } from "../../src/elf/write.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { type CompileOptions, compileFixture } from "../compile-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-refused-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Line 1 to 3 of every source; what a test adds begins on line 4. */
const HEAD = `#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
`;

function compile(source: string, options?: CompileOptions): Uint8Array {
  const path = join(folder, "wrong.bpf.c");
  writeFileSync(path, HEAD + source);
  return compileFixture(path, { ...options, flags: ["-fdebug-compilation-dir=."] });
}

/** A source that is refused, what is said of it, and what to do. */
const WRONG: readonly (readonly [name: string, source: string, message: string, next: string])[] = [
  [
    "a function that is only declared",
    'extern int nowhere(int); int before(void *ctx);\nSEC("socket") int before(void *ctx) { return 0; }\nSEC("socket") int calls(void *ctx) { return nowhere(3); }',
    "object: calls at ./wrong.bpf.c:6 uses nowhere, which is neither defined nor declared in BTF",
    "Define it, or declare it extern with __ksym",
  ],
  [
    "a variable that is only declared",
    'extern int nowhere;\nSEC("socket") int reads(void *ctx) { return nowhere; }',
    "object: reads at ./wrong.bpf.c:5 uses nowhere, which is neither defined nor declared in BTF",
    "Define it",
  ],
  [
    "a variable in a section of its own",
    'int apart SEC("elsewhere");\nSEC("socket") int reads(void *ctx) { return apart; }',
    "object: reads at ./wrong.bpf.c:5 refers to apart in elsewhere, which is no section of global data",
    "Put variables in .data, .rodata or .bss",
  ],
  [
    "a static program",
    'SEC("socket") static int hidden(void *ctx) { return 0; }',
    'object: function hidden in SEC("socket") is static, and programs are global',
    "Leave out the word static.",
  ],
  [
    "an array of maps as C has them",
    'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } two[2] SEC(".maps");',
    "object: map two is declared by no struct",
    "Declare it like: struct { __uint(type, BPF_MAP_TYPE_HASH)",
  ],
  [
    "a value that is only declared",
    'struct later;\nstruct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, int); __type(value, struct later); } early SEC(".maps");',
    "object: the value of map early has no size: later",
    "Declare it like: struct {",
  ],
  [
    "a tail call of a function that is no program",
    `__attribute__((noinline)) int helper(void *ctx) { volatile int x = 1; return x; }
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int(void *)); } jumps SEC(".maps") = { .values = { [1] = (void *)&helper } };
SEC("socket") int calls(void *ctx) { bpf_tail_call(ctx, &jumps, 1); return helper(ctx); }`,
    "object: value 1 of map jumps is helper, which is no program",
    "Only global functions with a SEC() of their own",
  ],
  [
    "an exception that nobody takes",
    '__attribute__((btf_decl_tag("exception_callback:nowhere"))) SEC("socket") int throws(void *ctx) { return 0; }',
    "object: throws throws to nowhere, which is no global function",
    "Define it, without the word static",
  ],
  [
    "more zeroes than a map can hold",
    'char huge[1u << 31];\nSEC("socket") int writes(void *ctx) { huge[7] = 1; return 0; }',
    "object: .bss and others want 2147483648 bytes of zeroes",
    "Put what is that large into a map.",
  ],
];

describe("a source that cannot become programs", () => {
  it.each(WRONG)("%s", (_, source, message, next) => {
    expect(() => readSpec(compile(source))).toThrow(
      expect.objectContaining({ message, next: expect.stringContaining(next) }),
    );
  });

  it("names the function alone where there are no lines", () => {
    const bytes = compile(
      'extern int nowhere(int);\nSEC("socket") int calls(void *ctx) { return nowhere(3); }',
      {
        debug: false,
      },
    );
    expect(() => readSpec(bytes)).toThrow("object: calls at byte 8 of socket uses nowhere");
  });
});

describe("an object without symbols", () => {
  it("is refused when it has code", () => {
    const bytes = compile('SEC("socket") int works(void *ctx) { return 0; }', { debug: false });
    const stripped = stripDebug(bytes);
    expect(readSpec(stripped).programs).toHaveLength(1);
    expect(() => readSpec(withoutSymbols(stripped))).toThrow(
      expect.objectContaining({
        message: "object: there is code in socket, but no symbol that names a function",
        next: expect.stringContaining("strip -g"),
      }),
    );
  });
});

/** What `strip -s` makes of an object, as far as a loader sees it: every symbol table becomes a section of bytes. */
function withoutSymbols(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const sections = Number(view.getBigUint64(40, true));
  for (let index = 0; index < view.getUint16(60, true); index++) {
    const type = sections + index * 64 + 4;
    if (view.getUint32(type, true) === 2) view.setUint32(type, 1, true); // SHT_SYMTAB, SHT_PROGBITS
  }
  return copy;
}
