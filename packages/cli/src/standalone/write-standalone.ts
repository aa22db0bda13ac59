import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { NotFoundError } from "@skep/bpf";
import { type Package, writeArchive, writePackage } from "@skep/package";
import { packageDirectory } from "../bundled-tools.ts";
import { digestOf, ENTRY, MARK, type Manifest, PROGRAM } from "./layout.ts";

type Files = readonly (readonly [path: string, contents: Uint8Array])[];

/**
 * Writes `<name>.out`: the program, what runs it and koffi's native code, in one executable file that needs Node.js 20.4 or
 * newer and nothing else. It runs on the platforms that koffi is installed for here. Gives its path.
 * @param kernelTypes come with it, for kernels that have none
 * @throws {NotFoundError} when skep itself is not built
 */
export async function writeStandalone(
  name: string,
  content: Package,
  directory: string,
  kernelTypes?: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const program =
    kernelTypes === undefined ? writePackage(content) : await writeArchive(name, content, kernelTypes);
  const native = await koffiFiles();
  const files: Files = [
    [ENTRY, await ownFile("run.mjs")],
    ["LICENSES", await ownFile("LICENSES")],
    [PROGRAM, program],
    ...native.files,
  ];
  const path = join(directory, `${name}.out`);
  await mkdir(directory, { recursive: true });
  await writeFile(path, pack(name, await ownFile("unpack.mjs"), native.platforms, files));
  await chmod(path, 0o755);
  return path;
}

function pack(name: string, unpack: Uint8Array, platforms: readonly string[], files: Files): Uint8Array {
  const listed = files.map(([path, contents]) => ({
    path,
    size: contents.length,
    sha256: digestOf(contents),
  }));
  const manifest: Manifest = { name, digest: digestOf(JSON.stringify(listed)), platforms, files: listed };
  const contents = Buffer.concat(files.map(([, bytes]) => bytes));
  const compressed = brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  const head = `${script(name)}${MARK}${unpack.length}\n`;
  return Buffer.concat([Buffer.from(head), unpack, Buffer.from(`${JSON.stringify(manifest)}\n`), compressed]);
}

/** The shell reads no further than `exec`. Node is told what to do in an argument: a file's name would decide how it is read. */
function script(name: string): string {
  const load = [
    'import { readFileSync } from "node:fs";',
    "const file = readFileSync(process.argv[1]);",
    `const at = file.indexOf(${JSON.stringify(MARK)});`,
    'const line = file.indexOf("\\n", at + 1);',
    `const code = line + 1 + Number(file.subarray(at + ${MARK.length}, line));`,
    'const url = "data:text/javascript;base64," + file.subarray(line + 1, code).toString("base64");',
    "await (await import(url)).unpackAndRun(file.subarray(code), process.argv.slice(2));",
  ];
  return `#!/bin/sh
# An eBPF program and what runs it, in one file, made by ecc --standalone. It needs Node.js 20.4 or newer.
if ! command -v node >/dev/null; then
  echo "${name}: there is no node on PATH: install Node.js 20.4 or newer" >&2
  exit 69
fi
exec node --input-type=module --eval '${load.join("\n")}' -- "$0" "$@"
`;
}

/** koffi without its sources, and its native code for every platform that npm installed it for. */
async function koffiFiles(): Promise<{ readonly platforms: readonly string[]; readonly files: Files }> {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve("koffi"));
  const files: [string, Uint8Array][] = [];
  const scripts = (await readdir(root, { recursive: true })).filter((file) =>
    /^(?:index|src\/.*)\.cjs$/.test(file),
  );
  for (const file of ["package.json", "LICENSE.txt", ...scripts])
    files.push([`node_modules/koffi/${file}`, await readFile(join(root, file))]);
  const scope = join(dirname(root), "@koromix");
  const builds = (existsSync(scope) ? await readdir(scope) : []).filter((build) =>
    build.startsWith("koffi-linux-"),
  );
  for (const build of builds)
    for (const file of await readdir(join(scope, build), { recursive: true }))
      if (/(?:\.node|\.js|package\.json)$/.test(file))
        files.push([`node_modules/@koromix/${build}/${file}`, await readFile(join(scope, build, file))]);
  return { platforms: builds.map((build) => build.replace("koffi-", "")), files };
}

/** Made by the bundler, next to the commands. */
async function ownFile(name: string): Promise<Uint8Array> {
  const path = join(packageDirectory(), "dist", "standalone", name);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new NotFoundError(`${path} is not there`, "build skep first (npm run build)", { cause });
  }
}
