import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BpfError, type BpfSpec, open, VerifierError } from "@skep/bpf";
import { compilePackage } from "@skep/compiler";
import { type Package, readPackage } from "@skep/package";
import { describe, expect, it } from "vitest";

const tools = fileURLToPath(new URL("../tools/", import.meta.url));

/**
 * What a package does on this kernel: the tag of each program is the kernel's hash of its instructions after relocation.
 * Objects compiled against another kernel's types differ in bytes and agree in tags. Of programs that this kernel cannot run,
 * rungs for others, there is why.
 */
function programTags(pkg: Package): Record<string, string> {
  const spec = open(pkg.object, { name: pkg.meta.bpf_skel.obj_name });
  return Object.fromEntries([...spec.programs.keys()].map((name) => [name, tagOf(spec, name)]));
}

function tagOf(spec: BpfSpec, name: string): string {
  for (const wishes of spec.programs.values()) wishes.autoload = wishes.name === name;
  try {
    using object = spec.load();
    return object.program(name).tag;
  } catch (error) {
    if (error instanceof BpfError && !(error instanceof VerifierError)) return error.message;
    throw error;
  }
}

/** What a package says about itself, without the ids that belong to one build. */
function face({ meta }: Package) {
  const types = (meta.export_types ?? []).map(({ name, size, members }) => ({ name, size, members }));
  return { skeleton: meta.bpf_skel, types };
}

// While clang compiles one, the kernel loads another.
describe.concurrent("prebuilt packages of the bundled tools", () => {
  for (const tool of readdirSync(tools)
    .filter((name) => existsSync(`${tools}${name}/package.json`))
    .sort()) {
    it(`${tool} does what its source says`, async () => {
      const prebuilt = readPackage(readFileSync(`${tools}${tool}/package.json`));
      const header = `${tools}${tool}/${tool}.h`;
      const compiled = await compilePackage(
        `${tools}${tool}/${tool}.bpf.c`,
        existsSync(header) ? header : undefined,
      );
      expect(face(prebuilt)).toEqual(face(compiled.package));
      expect(programTags(prebuilt)).toEqual(programTags(compiled.package));
    });
  }
});
