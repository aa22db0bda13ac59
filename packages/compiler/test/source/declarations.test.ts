import { describe, expect, it } from "vitest";
import { declarationsOf, declares } from "../../src/source/declarations.ts";
import { tokenize } from "../../src/source/lexer.ts";

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
const docOf = (name: string, source = SOURCE) =>
  declarationsOf(tokenize(source)).find((declaration) => declares(declaration, name))?.doc;

describe("declarationsOf", () => {
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
    expect(docOf(name)).toBe(doc);
  });

  it.each(["ctx", "dfd", "local", "type", "key", "filename", "sched_switch", "a", "nothing"])(
    "does not take %s for something declared at file level",
    (name) => {
      expect(docOf(name)).toBeUndefined();
    },
  );

  it("joins comments of adjacent lines", () => {
    expect(docOf("x", "/// one\n/// two\nint x;")).toBe("one\ntwo");
  });

  it("survives brackets that do not match", () => {
    for (const source of ["}}} int a;", "int f( {", ")];", "struct {", "/// doc"])
      declarationsOf(tokenize(source));
  });
});
