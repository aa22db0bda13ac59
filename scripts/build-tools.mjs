/**
 * Rebuilds the prebuilt packages of the bundled tools: tools/<name>/<name>.bpf.c becomes tools/<name>/package.json.
 * Works on built code (`npm run build` first). With names as arguments, only those.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compilePackage } from "@skep/compiler";
import { writePackage } from "@skep/package";

const tools = fileURLToPath(new URL("../tools", import.meta.url));
const sourceOf = (name) => join(tools, name, `${name}.bpf.c`);
const names =
  process.argv.length > 2
    ? process.argv.slice(2)
    : readdirSync(tools)
        .filter((name) => existsSync(sourceOf(name)))
        .sort();

for (const name of names) {
  const source = sourceOf(name);
  const header = join(tools, name, `${name}.h`);
  const compiled = await compilePackage(source, existsSync(header) ? header : undefined);
  process.stderr.write(compiled.diagnostics);
  for (const warning of compiled.warnings) console.error(`${name}: ${warning}`);
  const bytes = writePackage(compiled.package);
  writeFileSync(join(tools, name, "package.json"), bytes);
  console.log(`${name}: ${compiled.package.object.length} bytes of object, ${bytes.length} bytes of package`);
}
