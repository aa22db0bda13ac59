/**
 * Bundles the three commands into one file, so that V8 can keep its code compiled, and a small one that starts it.
 * What holds native code or data files of its own stays outside and is loaded from node_modules when needed.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { noticesOf } from "./notices.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const finished = `${root}dist/bundle`;
// Built beside the old one, which stays in use until the new one is whole: commands may run meanwhile, and a build may fail,
// or run at the same time as another.
const outdir = `${finished}.${process.pid}`;
process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  conditions: ["skep-source"],
  external: ["koffi"],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
};

const URL_OF_FILE = 'const __url = require("node:url").pathToFileURL(__filename).href;';
const commonJs = {
  ...common,
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  supported: { "dynamic-import": false },
};

// One script, whose compiled code V8 can keep (src/launch.ts): an expression that is a function of what a CommonJS module has.
// Modules that are imported dynamically are in it too, and are run when they are asked for.
const { metafile } = await build({
  ...commonJs,
  entryPoints: ["src/main.ts"],
  outdir: `${outdir}/code`,
  entryNames: "commands-[hash]",
  metafile: true,
  // Its form as a module has a variable `require` of its own, where import() has become require().
  alias: {
    "web-tree-sitter": fileURLToPath(new URL("web-tree-sitter.cjs", import.meta.resolve("web-tree-sitter"))),
  },
  banner: { js: `(function (module, require, __filename, __dirname) { ${URL_OF_FILE}` },
  footer: { js: "})" },
  define: { "import.meta.url": "__url" },
});
const [commands] = Object.keys(metafile.outputs);
writeFileSync(`${outdir}/LICENSES`, noticesOf(Object.keys(metafile.inputs), root));

await build({
  ...commonJs,
  entryPoints: ["src/launch.ts"],
  outdir,
  define: {
    "import.meta.url": "__url",
    COMMANDS: JSON.stringify(`./code/${basename(commands)}`),
  },
  banner: { js: URL_OF_FILE },
});

// The thread that Wasm programs run in is started from a file: next to the code that starts it.
await build({
  ...common,
  entryPoints: ["../wasm/src/wasm-worker.ts"],
  outdir: `${outdir}/code`,
  format: "esm",
});

// What ecc --standalone puts into a file: one piece each, for there is nothing to share with.
const standalone = `${root}dist/standalone`;
rmSync(standalone, { recursive: true, force: true });
const { metafile: carried } = await build({
  ...common,
  metafile: true,
  entryPoints: ["run", "unpack"].map((name) => ({ in: `src/standalone/${name}.ts`, out: name })),
  outdir: standalone,
  outExtension: { ".js": ".mjs" },
  format: "esm",
  external: ["koffi", "./run.ts"],
});
writeFileSync(`${standalone}/LICENSES`, noticesOf(Object.keys(carried.inputs), root));

const copyGrammar = fileURLToPath(new URL("../../compiler/scripts/copy-grammar.mjs", import.meta.url));
execFileSync(process.execPath, [copyGrammar, `${outdir}/wasm`], { stdio: "inherit" });

// Names of C++ and Rust functions are written out by a WebAssembly module, which is read when the first one is met.
const { resolve } = createRequire(new URL("../../symbols/package.json", import.meta.url));
for (const [file, name] of [
  ["index_bg.wasm", "wasm"],
  ["LICENSE-MIT", "LICENSE"],
])
  copyFileSync(resolve(`gecko-profiler-demangle/${file}`), `${outdir}/wasm/gecko-profiler-demangle.${name}`);

const old = `${outdir}.old`;
if (existsSync(finished)) renameSync(finished, old);
renameSync(outdir, finished);
rmSync(old, { recursive: true, force: true });
