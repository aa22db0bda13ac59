import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Script } from "node:vm";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { flameGraph } from "../../src/profiles/flame-graph.ts";
import { SCRIPT } from "../../src/profiles/flame-page.ts";
import { type FlameNode, flameTree } from "../../src/profiles/flame-tree.ts";
import { foldedLines, readFolded } from "../../src/profiles/folded.ts";
import { pprof } from "../../src/profiles/pprof.ts";
import type { Frame, Profile } from "../../src/profiles/profile.ts";
import { speedscope } from "../../src/profiles/speedscope.ts";
import { readPprof } from "./pprof-file.ts";

const app: Frame = { kind: "process", name: "app" };
const main: Frame = { kind: "user", name: "main", module: "/bin/app", file: "app.c", line: 12 };
const hot: Frame = { kind: "user", name: "hot", module: "/bin/app" };
const jit: Frame = { kind: "jit", name: "JS:~render page.js:3" };
const read: Frame = { kind: "kernel", name: "vfs_read" };

const profile: Profile = {
  title: "offcpu --pid 42 </script>",
  types: [
    { name: "total_ns", unit: "nanoseconds" },
    { name: "count", unit: "count" },
  ],
  main: 0,
  samples: [
    { frames: [app, main, hot], values: [700n, 7n], pid: 42 },
    { frames: [app, main, hot, read], values: [200n, 1n], pid: 42 },
    { frames: [app, main, jit], values: [2n ** 53n + 1n, 2n] },
  ],
  begin: 1_700_000_000_000,
  duration: 1500,
};

describe("folded lines", () => {
  it("count together what reads the same, largest first, and are read back", () => {
    const lines = foldedLines([
      { frames: [app, main], count: 3n },
      { frames: [app, { name: "operator;" }], count: 9n },
      { frames: [app, main], count: 4n },
    ]);
    expect(lines).toEqual(["app;operator: 9", "app;main 7"]);
    expect(readFolded(`# no count here\n${lines.join("\n")}\n`)).toEqual([
      { names: ["app", "operator:"], count: 9n },
      { names: ["app", "main"], count: 7n },
    ]);
  });

  it("of any depth do no harm", () => {
    const deep = readFolded(`${"f;".repeat(2_000_000)}g 1`);
    expect(flameTree({ ...profile, samples: [] }, deep)[3]).toBe(1);
  });
});

describe("a pprof file", () => {
  const file = readPprof(pprof(profile));

  it("has a value of each type for each stack, innermost first", () => {
    expect(file.types).toEqual([
      { type: "total_ns", unit: "nanoseconds" },
      { type: "count", unit: "count" },
    ]);
    expect(file.defaultType).toBe("total_ns");
    expect(file.samples.map(({ functions }) => functions)).toEqual([
      ["hot", "main", "app"],
      ["vfs_read", "hot", "main", "app"],
      ["JS:~render page.js:3", "main", "app"],
    ]);
    expect(file.samples.slice(0, 2).map(({ values }) => values)).toEqual([
      [700, 7],
      [200, 1],
    ]);
  });

  it("says whose stacks they are, and where the code is", () => {
    expect(file.samples.map(({ labels }) => labels)).toEqual([{ pid: 42 }, { pid: 42 }, {}]);
    expect(file.samples[1]?.mappings).toEqual(["[kernel]", "/bin/app", "/bin/app", ""]);
    expect(file.samples[0]?.sources).toEqual([":0", "app.c:12", ":0"]);
    expect(file.comments).toEqual(["offcpu --pid 42 </script>"]);
  });

  it("says when and how long", () => {
    expect(file).toMatchObject({ begin: profile.begin, duration: profile.duration });
  });

  it("holds values of 63 bits, and nothing where nothing was counted", () => {
    const most: Profile = { ...profile, samples: [{ frames: [app], values: [2n ** 64n - 1n, 0n] }] };
    expect(readPprof(pprof(most)).samples[0]?.values).toEqual([2 ** 63, 0]);
    expect(readPprof(pprof({ ...profile, samples: [] })).samples).toEqual([]);
  });

  it("is one gzip stream, as the format asks for", () => {
    const bytes = pprof(profile);
    expect([...bytes.subarray(0, 3)]).toEqual([0x1f, 0x8b, 8]);
    expect(() => readPprof(bytes.subarray(0, -5))).toThrow("unexpected end of file");
  });
});

describe("a speedscope file", () => {
  it("is what its schema asks for", () => {
    const { resolve } = createRequire(import.meta.url);
    const schema = JSON.parse(
      readFileSync(resolve("speedscope/dist/release/file-format-schema.json"), "utf8"),
    );
    // Its "kind" are words of its own for other readers.
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
    for (const one of [profile, { ...profile, samples: [] }]) {
      validate(JSON.parse(speedscope(one, "skep")));
      expect(validate.errors).toBe(null);
    }
    expect(validate({ ...JSON.parse(speedscope(profile, "skep")), shared: {} })).toBe(false);
  });

  it("has weights and indexes that fit together", () => {
    const file = JSON.parse(speedscope(profile, "skep"));
    for (const one of file.profiles) {
      expect(one.samples.length).toBe(one.weights.length);
      expect(one.endValue - one.startValue).toBe(one.weights.reduce((a: number, b: number) => a + b, 0));
      for (const stack of one.samples)
        for (const index of stack) expect(file.shared.frames[index]).toBeDefined();
    }
    expect(file.profiles[file.activeProfileIndex].name).toBe("total_ns");
    const [, second] = file.profiles[0].samples;
    expect(second.map((index: number) => file.shared.frames[index].name)).toEqual([
      "app",
      "main",
      "hot",
      "vfs_read",
    ]);
  });
});

describe("a flame graph", () => {
  const find = (node: FlameNode, ...names: string[]): FlameNode =>
    names.reduce((at, name) => at[4].find(([other]) => other === name) ?? at, node);

  it("puts stacks together where they begin alike", () => {
    const tree = flameTree({ ...profile, samples: profile.samples.slice(0, 2) });
    expect(tree[2]).toBe(900);
    expect(find(tree, "app", "main", "hot")[2]).toBe(900);
    expect(find(tree, "app", "main", "hot", "vfs_read")).toEqual(["vfs_read", 3, 200, 0, []]);
  });

  it("has what another run counted beside it", () => {
    const tree = flameTree(profile, readFolded("app;main;hot 100\napp;main;gone 50"));
    expect(find(tree, "app", "main", "hot")[3]).toBe(100);
    expect(find(tree, "app", "main", "gone").slice(2, 4)).toEqual([0, 50]);
    expect(tree[3]).toBe(150);
  });

  it("is one page that asks nobody for anything, and that no name breaks out of", () => {
    const evil: Frame = { kind: "user", name: "</script><script>alert(1)</script>" };
    const page = flameGraph({ ...profile, samples: [{ frames: [app, evil], values: [1n, 1n] }] });
    expect(page.match(/<\/script>/g)?.length).toBe(2);
    expect(page).not.toMatch(/(?:src|href)=|url\(|https?:/);
    expect(page).toContain("default-src 'none'");
    const data = /id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "";
    expect(JSON.parse(data).root[4][0][4][0][0]).toBe(evil.name);
    expect(page).toContain("<title>offcpu --pid 42 &lt;/script&gt;</title>");
  });

  it("is drawn by a script without errors of syntax", () => {
    expect(() => new Script(SCRIPT)).not.toThrow();
  });
});
