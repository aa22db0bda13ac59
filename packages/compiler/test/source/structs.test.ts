import { describe, expect, it } from "vitest";
import { bufferWrites } from "../../src/source/buffer-writes.ts";
import { tokenize } from "../../src/source/lexer.ts";
import { structDefinitions } from "../../src/source/structs.ts";

const structs = (source: string) =>
  structDefinitions(tokenize(source)).map(({ kind, name }) => `${kind} ${name}`);
const writes = (source: string) => bufferWrites(tokenize(source)).map(({ map, type }) => [map, type]);

describe("structDefinitions", () => {
  it("finds structs by tag and typedefs of structs without one", () => {
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
    expect(structs(source)).toEqual([
      "struct event",
      "struct inner",
      "typedef event_t",
      "struct tagged",
      "struct hard",
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
    ["something it cannot tell", "bpf_ringbuf_output(&rb, p->buf, n, 0);", [["rb", undefined]]],
    ["a map it cannot tell", "bpf_ringbuf_reserve(pick(x), 8, 0);", []],
    ["a call that is cut off", "bpf_ringbuf_reserve(&rb", []],
  ])("understands %s", (_what, source, expected) => {
    expect(writes(source)).toEqual(expected);
  });
});
