import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePackage } from "@skep/compiler";
import { type JsonObject, metaJson, writeJson, writePackage } from "@skep/package";
import { afterAll, describe, expect, it } from "vitest";
import { validateLikeEunomia } from "../../package/test/eunomia-schema.ts";

const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));

const HEAD = `#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
`;
const LICENSE = 'char LICENSE[] SEC("license") = "GPL";\n';
const MAP = `struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, int);
  __type(value, struct counts);
} m SEC(".maps");
`;
const COUNTS = "struct counts { long slots[4]; };\n";

async function compile(source: string, headers: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(root, "a-"));
  const path = join(directory, "probe.bpf.c");
  writeFileSync(path, HEAD + source);
  for (const [name, text] of Object.entries(headers)) writeFileSync(join(directory, name), text);
  const compiled = await compilePackage(path);
  const line = new RegExp(`^${directory}/`);
  return { ...compiled, warnings: compiled.warnings.map((warning) => warning.replace(line, "")) };
}

/** What a comment before a variable, a map or a program comes to in the package. */
async function entry(
  place: "variable" | "map" | "program" | "license",
  comment: string,
): Promise<JsonObject> {
  const sources = {
    variable: `${LICENSE}${comment}\nconst volatile int x = 0;\nSEC("xdp") int f(void *c) { return x; }\n`,
    map: `${LICENSE}${COUNTS}${comment}\n${MAP}SEC("xdp") int f(void *c) { int k = 0; return !bpf_map_lookup_elem(&m, &k); }\n`,
    program: `${LICENSE}${comment}\nSEC("xdp") int f(void *c) { return 0; }\n`,
    license: `${comment}\n${LICENSE}SEC("xdp") int f(void *c) { return 0; }\n`,
  };
  const { package: content } = await compile(sources[place]);
  validateLikeEunomia(JSON.parse(Buffer.from(writePackage(content)).toString()));
  const skeleton = content.meta.bpf_skel;
  const found = {
    variable: skeleton.data_sections[0]?.variables[0],
    map: skeleton.maps[0],
    program: skeleton.progs[0],
    license: skeleton.doc,
  }[place];
  return JSON.parse(writeJson(found ?? {}));
}

describe("headers that are included with quotes", () => {
  it("may hold what several sources share: flags, maps of the source's own types, and programs", async () => {
    const shared = `/// Only this CPU\n/// @cmdarg {"short": "c"}\nconst volatile int cpu = -1;
/// @sample {"interval": 500}\n${MAP}static int counts(void);
/// @optional\nSEC("xdp") int f(void *c) { return counts(); }\n`;
    const source = `struct counts { long of_mine; };\n#include "all.bpf.h"\n${LICENSE}
static int counts(void) { int k = cpu; return !bpf_map_lookup_elem(&m, &k); }\n`;
    const headers = { "all.bpf.h": '#include "shared.bpf.h"\n', "shared.bpf.h": shared };
    const { package: content, warnings } = await compile(source, headers);
    expect(warnings).toEqual([]);
    expect(JSON.parse(writeJson(metaJson(content.meta)))).toMatchObject({
      bpf_skel: {
        data_sections: [
          { variables: [{ name: "cpu", description: "Only this CPU", cmdarg: { short: "c" } }] },
        ],
        maps: [{ name: "m", sample: { interval: 500 } }, {}],
        progs: [{ name: "f", optional: true }],
      },
    });
  });
});

describe("what eunomia's compiler reads from doc comments", () => {
  it.each([
    ["///", "/// text"],
    ["//!", "//! text"],
    ["/** */", "/** text */"],
    ["/*! */", "/*! text */"],
    ["@description", "/// @description text"],
    ["\\description", "/// \\description text"],
    ["a quoted description", '/// @description "text"'],
  ])("takes %s as a description", async (_what, comment) => {
    expect(await entry("variable", comment)).toEqual({ description: "text", name: "x", type: "int" });
  });

  it.each(["// text", "/* text */", "/// text\n#define A 1"])("takes no notice of %j", async (comment) => {
    expect(await entry("variable", comment)).toEqual({ name: "x", type: "int" });
  });

  it("keeps what is JSON as JSON, and everything else as text", async () => {
    const comment = '/// @ifindex 1\n/// @flags 0\n/// @xdpopts {"old_prog_fd":0}\n/// @mine some text';
    expect(await entry("program", comment)).toMatchObject({
      attach: "xdp",
      ifindex: 1,
      flags: 0,
      xdpopts: { old_prog_fd: 0 },
      mine: "some text",
    });
  });

  it("is right where upstream loses lines, JSON of several lines, words without a value and markup", async () => {
    expect(await entry("variable", "/// one <pid>\n/// two a\\b @home")).toMatchObject({
      description: "one <pid> two a\\b @home",
    });
    expect(await entry("variable", '/// @cmdarg {"default": 0,\n///  "long": "multi"}')).toMatchObject({
      cmdarg: { default: 0, long: "multi" },
    });
    expect(await entry("variable", "/// @ignore")).toMatchObject({ ignore: true });
    expect(await entry("license", "/// @brief short\n/// @description long")).toEqual({
      brief: "short",
      description: "long",
    });
  });

  it("writes both spellings of the interpreter as its readers know it", async () => {
    const value = '{"stack_trace": {"field_map": {"pid": "p"}, "with_symbols": true}}';
    const expected = { intepreter: JSON.parse(value) };
    expect(await entry("map", `/// @intepreter ${value}`)).toMatchObject(expected);
    expect(await entry("map", `/// @interpreter ${value}`)).toMatchObject(expected);
  });

  it("writes samples that older readers do not know as one they know", async () => {
    expect(await entry("map", '/// @sample {"type": "stacks", "clear": true}')).toMatchObject({
      sample: { interval: 1000, type: "default_kv", show: "stacks", clear_map: true },
    });
    expect(
      await entry("map", '/// @sample {"interval": 5, "type": "log2_hist", "unit": "us"}'),
    ).toMatchObject({
      sample: { interval: 5, type: "log2_hist", unit: "us" },
    });
  });
});

describe("a misspelt or misplaced annotation", () => {
  it("is a warning with file and line", async () => {
    const source = `/// Does it.
/// @verison 1
${LICENSE}
/// @cmdarg {"defualt": 1}
/// @filter pdi
const volatile int x = 0;
/// @format ip
static int helper(void) { return x; }
/// @smaple {"interval": 1}
/// @sample {"type": "log_hist"}
${COUNTS}${MAP}
/// @optional yes
/// @one-of a b
/// @sample {"interval": 1}
/// @tchook {"attach_point": "INGRESS"}
/// @mine 1
SEC("tc") int BPF_PROG(f)
{
  /// @view table
  int k = 0;
  return !bpf_map_lookup_elem(&m, &k) + helper();
}
/// @optional
`;
    const { warnings } = await compile(source);
    expect(warnings).toEqual([
      "probe.bpf.c:6: warning: unknown annotation @verison: did you mean @version?",
      'probe.bpf.c:9: warning: @cmdarg has no key "defualt" (did you mean default?); it has long, short, default, help',
      'probe.bpf.c:10: warning: @filter wants one of pid, tid, comm, uid, cgroup, not "pdi" (did you mean pid?)',
      "probe.bpf.c:12: warning: @format has no effect before helper, which is no variable, map or program of the object: it belongs before a member of a struct or a variable or a map",
      "probe.bpf.c:14: warning: unknown annotation @smaple: did you mean @sample?",
      "probe.bpf.c:15: warning: @sample has no effect before a struct: it belongs before a map",
      'probe.bpf.c:24: warning: @optional stands alone, without "yes"',
      'probe.bpf.c:25: warning: @one-of wants GROUP or GROUP/RUNG, not "a b"',
      "probe.bpf.c:26: warning: @sample has no effect before a program: it belongs before a map",
      'probe.bpf.c:27: warning: @tchook attach_point wants one of BPF_TC_INGRESS, BPF_TC_EGRESS, BPF_TC_CUSTOM, not "INGRESS"',
      "probe.bpf.c:28: warning: unknown annotation @mine: it is copied, but nothing reads it",
      "probe.bpf.c:31: warning: @view has no effect here: it belongs before a struct",
      "probe.bpf.c:35: warning: @optional has no effect here: it belongs before a program",
    ]);
  });

  it("is a warning in a header too, on members and in views", async () => {
    const header = `struct counts {
  long slots[4]; ///< @fromat bytes
  /// @format byts
  long more;
};
/// @view table slots, mroe:5
struct shown { int slots; int more; };
/// @view tabel
struct unused {
  int a; ///< @hidden a b
  int b; ///< @none many
};
`;
    const source = `#include "counts.h"\n${LICENSE}${MAP}SEC("xdp") int f(void *c) { int k = 0; return !bpf_map_lookup_elem(&m, &k); }\n`;
    const { warnings } = await compile(source, { "counts.h": header });
    expect(warnings).toEqual([
      "counts.h:2: warning: unknown annotation @fromat: did you mean @format?",
      expect.stringMatching(
        /^counts\.h:3: warning: @format knows no "byts" \(did you mean bytes\?\); it knows boolean, /,
      ),
      "counts.h:6: warning: @view names mroe, which struct shown does not have (did you mean more?)",
      'counts.h:8: warning: @view wants table or rows first, not "tabel"',
      'counts.h:10: warning: @hidden wants VARIABLE, !VARIABLE or VARIABLE=VALUE|VALUE, not "a b"',
      'counts.h:11: warning: @none wants a whole number, not "many"',
      "counts.h:6: warning: struct shown is annotated, but neither a buffer nor a map holds it",
      "counts.h:8: warning: struct unused is annotated, but neither a buffer nor a map holds it",
    ]);
  });

  it("does not bother who only documents their code", async () => {
    const source = `/** The program. @param nothing */
${LICENSE}/// A struct. @see elsewhere
${COUNTS}${MAP}
/**
 * Helps.
 * @param a a number
 * @return another
 */
static int helper(int a) { /// inside
  return a; ///< done
}
/// Entry.
SEC("xdp") int f(void *c) { int k = 0; return helper(!bpf_map_lookup_elem(&m, &k)); }
/* the end */
`;
    const { warnings, package: content } = await compile(source);
    expect(warnings).toEqual([]);
    expect(writeJson(metaJson(content.meta))).not.toContain("struct");
  });
});
