import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";

const first = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, long); } shared SEC(".maps");
static volatile int counter = 1;
static __attribute__((noinline)) int helper(int x) { counter++; return x * 3; }
__attribute__((weak, noinline)) int chosen(int x) { int key = 0; return bpf_map_lookup_elem(&shared, &key) ? helper(x) : 1; }
int other(int x);
SEC("raw_tp/sys_enter") int one(void *ctx) { return chosen(1) + helper(2) + other(3); }
`;
const second = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
extern struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, long); } shared SEC(".maps");
static volatile int counter = 2;
static __attribute__((noinline)) int helper(int x) { counter += 7; return x * 5; }
__attribute__((noinline)) int chosen(int x) { return helper(x) + 1; }
__attribute__((noinline)) int other(int x) { int key = 0; return bpf_map_lookup_elem(&shared, &key) ? helper(x) : 2; }
SEC("raw_tp/sys_enter") int two(void *ctx) { return other(4) + chosen(5); }
`;

describe("an object that bpftool linked from two", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-linked-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("reaches the right one of two static functions of the same name, and skips an overridden weak one", () => {
    const parts = [first, second].map((source, index) => {
      const path = join(folder, `part${index}.bpf.c`);
      writeFileSync(path, source);
      writeFileSync(`${path}.o`, compileFixture(path));
      return `${path}.o`;
    });
    const linked = join(folder, "linked.o");
    execFileSync("bpftool", ["gen", "object", linked, ...parts], { stdio: "pipe" });
    const spec = readSpec(new Uint8Array(readFileSync(linked)), { name: "linked" });

    expect(spec.programs.map((program) => program.name).sort()).toEqual(["one", "two"]);
    expect(spec.maps.map((map) => map.name)).toEqual(["shared", "linked.data"]);
    const data = spec.maps[1]!.data!;
    expect(data.variables.map(({ name, offset }) => [name, offset])).toEqual([
      ["counter", 0],
      ["counter", 4],
    ]);

    const callees = (name: string) => {
      const caller = [...spec.programs, ...spec.subprograms].find((fn) => fn.name === name)!;
      return caller.relocations.flatMap((relocation) => {
        if (relocation.kind !== "call") return [];
        const { section, offset } = relocation.target;
        return spec.subprograms.filter((fn) => fn.section === section && fn.sectionOffset === offset);
      });
    };
    const factorOf = (name: string) => callees(name).find((fn) => fn.name === "helper")!.relocations;
    expect(callees("one").map((fn) => fn.name)).toEqual(["chosen", "helper", "other"]);
    expect(factorOf("one")).toMatchObject([{ kind: "map-value", offset: 0 }]);
    expect(factorOf("other")).toMatchObject([{ kind: "map-value", offset: 4 }]);
    expect(factorOf("chosen")).toMatchObject([{ kind: "map-value", offset: 4 }]);
    expect(spec.subprograms.filter((fn) => fn.name === "chosen")).toHaveLength(1);
  });
});
