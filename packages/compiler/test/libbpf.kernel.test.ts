import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { open } from "@skep/bpf";
import { compilePackage } from "@skep/compiler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** libbpf, in the shape of bpftool, is the judge of what we strip, prune and describe. */
const root = join(import.meta.dirname, "../../..");
const FIXTURES = join(import.meta.dirname, "fixtures");
const sources = [
  ...readdirSync(FIXTURES).map((name) => join(FIXTURES, name)),
  ...readdirSync(join(root, "tools")).map((name) => join(root, "tools", name, `${name}.bpf.c`)),
]
  .filter((path) => path.endsWith(".bpf.c") && existsSync(path))
  .map((path) => relative(root, path));

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skep-test-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const bpftool = (...args: string[]) =>
  execFileSync("bpftool", args, { encoding: "utf8", stdio: "pipe", maxBuffer: 1 << 28 });

/** The program that libbpf could not load, by its messages; undefined when it loaded all of them. */
function refusedByLibbpf(path: string, pins: string): string | undefined {
  try {
    bpftool("prog", "loadall", path, pins);
    return undefined;
  } catch (error) {
    const [, program] = /prog '(\w+)': failed to load/.exec((error as { stderr: string }).stderr) ?? [];
    if (program === undefined) throw error;
    return program;
  }
}

async function objectOf(source: string) {
  const compiled = await compilePackage(join(root, source));
  const path = join(directory, `${compiled.name}.bpf.o`);
  writeFileSync(path, compiled.package.object);
  return { path, skeleton: compiled.package.meta.bpf_skel };
}

describe("an object that we stripped and pruned", () => {
  it.each(sources)("has the maps, programs and data sections that libbpf sees: %s", async (source) => {
    const { path, skeleton } = await objectOf(source);
    const text = bpftool("gen", "skeleton", path, "name", skeleton.obj_name);
    const block = (name: string) =>
      new RegExp(`struct \\{\\n((?:\\t\\t.*\\n)*?)\\t\\} ${name};`).exec(text)?.[1] ?? "";
    const names = (name: string) => [...block(name).matchAll(/\*(\w+);/g)].map((match) => match[1]);
    expect(skeleton.maps.map(({ ident }) => ident)).toEqual(names("maps"));
    expect(skeleton.progs.map(({ name }) => name)).toEqual(names("progs"));
    // Before libbpf 1.2 every data section could be mapped, also one without a public variable.
    const sections = [...text.matchAll(/struct \w+__(\w+) \{\n((?:\t\t.*\n)*?)\t\} \*\1;/g)].filter(
      ([, , members]) => members !== "",
    );
    expect(skeleton.data_sections.map(({ name }) => name.slice(1).replaceAll(".", "_"))).toEqual(
      sections.map(([, name]) => name),
    );
    for (const [index, { variables }] of skeleton.data_sections.entries()) {
      const declared = sections[index]?.[2] ?? "";
      for (const { name } of variables) expect(declared).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it.for(sources)("is loaded by libbpf, or refused as we refuse it: %s", async (source, ctx) => {
    if (process.getuid?.() !== 0) return ctx.skip("loading needs root");
    const { path, skeleton } = await objectOf(source);
    const pins = `/sys/fs/bpf/skep-test-${process.pid}-${skeleton.obj_name}`;
    try {
      const refused = refusedByLibbpf(path, pins);
      if (refused === undefined) expect(readdirSync(pins)).toHaveLength(skeleton.progs.length);
      else expect(() => open(path).load()).toThrow(new RegExp(`program ${refused}\\b`));
    } finally {
      rmSync(pins, { recursive: true, force: true });
    }
  });
});
