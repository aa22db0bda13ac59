import { describe, expect, it } from "vitest";
import { sourceFile } from "../../src/source/source-file.ts";
import type { MemberDefinition } from "../../src/source/structs.ts";

const structs = async (source: string) =>
  (await sourceFile("x.c", source)).structs.map(({ kind, name }) => `${kind} ${name}`);
const writes = async (source: string) =>
  (await sourceFile("x.c", `int f(void *ctx) { ${source} }`)).writes.map(({ map, type }) => [map, type]);

describe("structDefinitions", () => {
  it("finds structs by tag and typedefs of structs without one", async () => {
    const source = `
      struct event { int a; struct inner { int b; } i; };
      typedef struct { int c; } __attribute__((packed)) event_t;
      typedef struct tagged { int d; } tagged_t;
      struct __attribute__((packed)) hard { char e; };
      struct only_named; struct event *pointer; struct event copy = { 0 };
      struct task_struct___old { long state; };
      struct { int f; } map;
      // struct comment { int g; };
      #define M struct macro { }
      char *s = "struct text { }";`;
    expect(await structs(source)).toEqual([
      "struct event",
      "struct inner",
      "typedef event_t",
      "struct tagged",
      "struct hard",
    ]);
  });

  it("finds members with their comments, in anonymous structs and behind #ifdef too", async () => {
    const { structs: found } = await sourceFile(
      "x.h",
      `/// about x
      struct x {
        /// one
        int a, *b[2]; ///< and two
        union {
          /// three
          unsigned v4;
          struct { int deep; } s; ///< four
        };
        #ifdef Y
        /** five */
        unsigned bits : 3;
        #endif
        void (*call)(int arg); ///< six
      };`,
    );
    const lines = (members: readonly MemberDefinition[]): unknown[] =>
      members.map(({ name, doc, members: inside }) => [
        name,
        doc?.lines.map(({ text, line }) => `${line} ${text}`).join(" "),
        ...lines(inside),
      ]);
    expect(found[0]?.doc?.lines).toEqual([{ text: "about x", line: 1 }]);
    expect(lines(found[0]?.members ?? [])).toEqual([
      ["a", "3 one 4 and two"],
      ["b", "3 one 4 and two"],
      ["", undefined, ["v4", "6 three"], ["s", "8 four", ["deep", undefined]]],
      ["bits", "11 five"],
      ["call", "14 six"],
    ]);
  });
});

describe("bufferWrites", () => {
  it.each<[string, string, unknown]>([
    ["sizeof(*e)", "struct event *e; e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);", [["rb", "event"]]],
    [
      "a declaration with the call",
      "struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);",
      [["rb", "event"]],
    ],
    ["sizeof(struct)", "void *e = bpf_ringbuf_reserve(&rb, sizeof(struct event), 0);", [["rb", "event"]]],
    ["a typedef", "event_t *e = bpf_ringbuf_reserve(&rb, sizeof(event_t), 0);", [["rb", "event_t"]]],
    ["a size that is a number", "struct event *e = bpf_ringbuf_reserve(&rb, 64, 0);", [["rb", "event"]]],
    [
      "a variable on the stack",
      "struct event e = {}; bpf_perf_event_output(ctx, &pb, BPF_F_CURRENT_CPU, &e, sizeof(e));",
      [["pb", "event"]],
    ],
    [
      "a size that varies",
      "struct event *e = f(); bpf_perf_event_output(ctx, &pb, F, e, base + (n & 0xff));",
      [["pb", "event"]],
    ],
    [
      "a variable with the name of its type",
      "struct event *event; event = bpf_ringbuf_reserve(&rb, sizeof(*event), 0);",
      [["rb", "event"]],
    ],
    [
      "the nearest of two declarations",
      "struct a *e; } int g(void) { struct b *e; bpf_ringbuf_output(&rb, e, sizeof(*e), 0);",
      [["rb", "b"]],
    ],
    [
      "a parameter",
      "} int g(void *c, struct event *e) { bpf_ringbuf_output(&rb, e, sizeof(*e), 0);",
      [["rb", "event"]],
    ],
    ["a cast", "struct event *e = (struct event *)bpf_ringbuf_reserve(&rb, 8, 0);", [["rb", "event"]]],
    [
      "a block inside",
      "struct event *e; if (1) { for (;;) { e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0); } }",
      [["rb", "event"]],
    ],
    ["something it cannot tell", "bpf_ringbuf_output(&rb, p->buf, n, 0);", [["rb", undefined]]],
    ["a map it cannot tell", "bpf_ringbuf_reserve(pick(x), 8, 0);", []],
    ["a call that is cut off", "bpf_ringbuf_reserve(&rb", []],
  ])("understands %s", async (_what, source, expected) => {
    expect(await writes(source)).toEqual(expected);
  });
});
