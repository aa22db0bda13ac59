import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@skep/bpf";
import { checkOutputs, compilePackage, writeOutputs } from "@skep/compiler";
import { readPackage } from "@skep/package";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { printYaml } from "../src/print-yaml.ts";

const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));
const compiled = await compilePackage(join(import.meta.dirname, "fixtures/with-header.bpf.c"));

describe("writeOutputs", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(root, "out-"));
  });
  const read = (name: string) => readFileSync(join(directory, name));

  it("writes the object, its description and the package", async () => {
    const paths = await writeOutputs(compiled, directory);
    expect(paths).toEqual(
      ["with-header.bpf.o", "with-header.skel.json", "package.json"].map((name) => join(directory, name)),
    );
    const content = readPackage(read("package.json"));
    expect(read("with-header.bpf.o")).toEqual(Buffer.from(content.object));
    expect(JSON.parse(read("with-header.skel.json").toString())).toEqual(
      JSON.parse(read("package.json").toString()).meta,
    );
  });

  it("makes the directory, and replaces a package of an earlier run", async () => {
    directory = join(directory, "a/b");
    await writeOutputs(compiled, directory);
    await writeOutputs(compiled, directory);
    expect(readdirSync(directory).sort()).toEqual([
      "package.json",
      "with-header.bpf.o",
      "with-header.skel.json",
    ]);
  });

  it("makes a directory that another makes at the same time", async () => {
    const target = join(directory, "x/y/z");
    await Promise.all(Array.from({ length: 8 }, () => writeOutputs(compiled, target)));
    expect(readdirSync(target)).toHaveLength(3);
  });

  it("says where else to write when the directory takes nothing", async () => {
    const other = { code: "ERR_BPF_INVALID_ARGUMENT", next: "write to another directory with -o DIR" };
    writeFileSync(join(directory, "file"), "");
    await expect(writeOutputs(compiled, join(directory, "file"))).rejects.toMatchObject(other);
    await expect(writeOutputs(compiled, join(directory, "file/below"))).rejects.toMatchObject(other);
    await expect(writeOutputs(compiled, "/proc/nothing/can/be/made")).rejects.toMatchObject(other);
    mkdirSync(join(directory, "with-header.bpf.o"));
    await expect(writeOutputs(compiled, directory)).rejects.toMatchObject(other);
  });

  it.each([
    ["npm's", '{"name": "mine", "version": "1.0.0"}'],
    ["no JSON", "mine"],
    ["empty", ""],
  ])("does not touch a package.json that is %s", async (_what, text) => {
    writeFileSync(join(directory, "package.json"), text);
    await expect(checkOutputs(directory)).rejects.toThrow(InvalidArgumentError);
    await expect(writeOutputs(compiled, directory)).rejects.toMatchObject({
      next: expect.stringContaining("-o DIR"),
    });
    expect(read("package.json").toString()).toBe(text);
    expect(readdirSync(directory)).toEqual(["package.json"]);
    await writeOutputs(compiled, directory, { packageFile: false });
    expect(readdirSync(directory).sort()).toEqual([
      "package.json",
      "with-header.bpf.o",
      "with-header.skel.json",
    ]);
  });

  it("writes YAML on request", async () => {
    await writeOutputs(compiled, directory, { yaml: true });
    expect(readdirSync(directory).sort()).toEqual([
      "package.yaml",
      "with-header.bpf.o",
      "with-header.skel.yaml",
    ]);
    expect(read("with-header.skel.yaml").toString()).toContain(
      "bpf_skel:\n  data_sections: []\n  maps:\n    - ident: events\n      name: events\n",
    );
    expect(read("package.yaml").toString()).toMatch(
      /^bpf_object: \S+\nbpf_object_size: \d+\nmeta:\n {2}bpf_skel:\n/,
    );
  });
});

describe("printYaml", () => {
  it("quotes what YAML would not read as text", () => {
    expect(
      printYaml({
        a: "true",
        b: "1",
        c: "x: y",
        d: "",
        e: "-",
        f: "a b",
        g: null,
        h: [[], ["no"]],
        i: { j: {} },
      }),
    ).toBe(
      'a: "true"\nb: "1"\nc: "x: y"\nd: ""\ne: "-"\nf: a b\ng: null\nh:\n  - []\n  - - "no"\ni:\n  j: {}\n',
    );
  });
});
