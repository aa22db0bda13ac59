import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = readdirSync(join(root, "packages"));
const manifestOf = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
const manifests = folders.map((folder) => manifestOf(join(root, "packages", folder)));
const ours = new Set(manifests.map(({ name }) => name));

/** Names of the packages that a folder's TypeScript imports, statically, when needed, or by `resolve`. */
function importsOf(directory: string): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.includes("fixtures")) continue;
    const text = readFileSync(join(directory, file), "utf8");
    for (const [, name = ""] of text.matchAll(
      /(?:^(?:import|export)\s[^;"]*\bfrom |(?:\bimport|\.resolve)\()"((?:@[a-z.]+\/)?[a-z][a-z-]*)["/]/gm,
    ))
      names.add(name);
  }
  return names;
}

describe("the manifests", () => {
  it("are of one version, that of the commands, and one licence", () => {
    const [first] = manifests;
    for (const { version, license, engines, dependencies, devDependencies } of manifests) {
      expect([version, license, engines.node]).toEqual([first?.version, "MIT", first?.engines.node]);
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies }))
        if (ours.has(name)) expect(range).toBe(version);
    }
    const source = readFileSync(join(root, "packages/cli/src/version.ts"), "utf8");
    expect(source).toContain(`VERSION = "${first?.version}"`);
  });

  it.each(folders)("of %s names what its sources import, and nothing else", (folder) => {
    const directory = join(root, "packages", folder);
    const { dependencies = {}, devDependencies = {} } = manifestOf(directory);
    const used = importsOf(join(directory, "src"));
    // Of the commands' bundle only what stays outside of it is a dependency.
    const declared = Object.keys(folder === "cli" ? { ...dependencies, ...devDependencies } : dependencies);
    expect(declared.filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it("name nothing that docs/dependencies.md does not account for, with its licence", () => {
    const text = readFileSync(join(root, "docs/dependencies.md"), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    for (const { dependencies, devDependencies } of [...manifests, manifestOf(root)])
      for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
        if (ours.has(name)) continue;
        const row = rows.find((row) => row.split("|")[1]?.includes(name));
        const { license } = manifestOf(join(root, "node_modules", name));
        for (const word of license.replace(/[()]/g, "").split(" OR ")) expect(row, name).toContain(word);
      }
  });
});

describe("what npm publishes", () => {
  const house = mkdtempSync(join(tmpdir(), "skep-npm-"));
  const project = join(house, "project");
  const contents = new Map<string, readonly string[]>();
  afterAll(() => rmSync(house, { recursive: true }));

  // Packed in a copy of the house: other tests use this one. Installed as npm would, but for what is here already.
  beforeAll(() => {
    cpSync(join(root, "package.json"), join(house, "package.json"));
    symlinkSync(join(root, "tools"), join(house, "tools"));
    for (const folder of folders)
      cpSync(join(root, "packages", folder), join(house, "packages", folder), {
        recursive: true,
        filter: (path) => !/\/(?:node_modules|src|test)$/.test(path),
      });
    execFileSync("npm", ["pack", "--workspaces", "--silent"], { cwd: house, stdio: "pipe" });
    const modules = join(project, "node_modules");
    for (const { name, version, dependencies } of manifests) {
      const tarball = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
      const directory = join(modules, name);
      mkdirSync(directory, { recursive: true });
      execFileSync("tar", ["-xzf", join(house, tarball), "-C", directory, "--strip-components=1"]);
      contents.set(name, readdirSync(directory, { recursive: true, encoding: "utf8" }));
      for (const other of [...Object.keys(dependencies ?? {}), "@types/node"])
        if (!ours.has(other) && !existsSync(join(modules, other))) {
          mkdirSync(dirname(join(modules, other)), { recursive: true });
          symlinkSync(join(root, "node_modules", other), join(modules, other));
        }
    }
  });

  it.each(manifests)("of $name is whole, and has nothing that nobody needs", ({ name, bin, exports }) => {
    const files = contents.get(name) ?? [];
    expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json"]));
    const entries = [...Object.values(bin ?? {}), ...Object.values(exports ?? {}).flatMap(Object.values)];
    for (const path of entries.map((path) => path.replace("./", "")))
      if (!path.startsWith("src/")) expect(files).toContain(path);
    expect(
      files.filter((path) => /(?:^|\/)(?:src|test|scripts|\.tsbuildinfo)$|\.(?:map|cache)$/.test(path)),
    ).toEqual([]);
    expect(readFileSync(join(project, "node_modules", name, "LICENSE"), "utf8")).toBe(
      readFileSync(join(root, "LICENSE"), "utf8"),
    );
  });

  it("has every bundled tool with its page, and the licences of what is in the bundle", () => {
    const inside = join(project, "node_modules/skep");
    const tools = readdirSync(join(root, "tools")).filter((name) => name !== "common");
    expect(readdirSync(join(inside, "tools")).sort()).toEqual(tools.sort());
    for (const tool of tools)
      expect(readdirSync(join(inside, "tools", tool)).sort()).toEqual(["README.md", "package.json"]);
    const notices = readFileSync(join(inside, "dist/bundle/LICENSES"), "utf8");
    for (const name of ["commander", "yaml", "modern-tar", "pprof-format", "@marcbachmann/cel-js"])
      expect(notices).toContain(`${name} `);
  });

  it("has commands that run", () => {
    const skep = join(project, "node_modules/skep/bin/skep.cjs");
    const lines = execFileSync(process.execPath, [skep, "tools"], { encoding: "utf8" }).trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(
      readdirSync(join(root, "tools")).filter((name) => name !== "common"),
    );
  });

  it("has modules that can be imported", () => {
    const specifiers = manifests.flatMap(({ name, exports }) =>
      Object.keys(exports ?? {}).map((path) => name + path.slice(1)),
    );
    const script = join(project, "import-all.mjs");
    writeFileSync(script, specifiers.map((name) => `await import("${name}");\n`).join(""));
    execFileSync(process.execPath, [script], { cwd: project });
    expect(specifiers.length).toBe(8);
  });

  it.each(["nodenext", "bundler"])(
    "has types that a strict project takes (%s): the pages' examples",
    (resolution) => {
      const pages = [
        join(root, "README.md"),
        ...folders.map((name) => join(root, "packages", name, "README.md")),
      ];
      const examples = pages.map((page) =>
        [...readFileSync(page, "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code).join("\n"),
      );
      const sources = examples.flatMap((code, index) => {
        const file = join(project, `page${index}.ts`);
        writeFileSync(file, `${code}\nexport {};\n`);
        return code === "" ? [] : [file];
      });
      writeFileSync(join(project, "package.json"), '{"type": "module"}');
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            noEmit: true,
            target: "ES2023",
            lib: ["ES2023", "ESNext.Disposable"],
            module: resolution === "bundler" ? "ESNext" : "NodeNext",
            moduleResolution: resolution,
            types: ["node"],
          },
          files: sources,
        }),
      );
      expect(sources.length).toBe(7);
      expect(check(project)).toBe("");
    },
  );
});

/** What the compiler says about a project; nothing when all is well. */
function check(project: string): string {
  try {
    return execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
