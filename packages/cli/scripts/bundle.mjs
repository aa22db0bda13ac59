/**
 * Bundles the three commands: one file each and shared chunks, so that a command reads only the code it runs.
 * What holds native code or data files of its own stays outside and is loaded from node_modules when needed.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const finished = `${root}dist/bundle`;
// Built beside the old one, which stays in use until the new one is whole: commands may run meanwhile, and a build may fail,
// or run at the same time as another.
const outdir = `${finished}.${process.pid}`;
process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));

await build({
  absWorkingDir: root,
  entryPoints: [
    ...["skep", "ecc", "ecli"].map((name) => ({ in: `src/${name}.ts`, out: name })),
    // The thread that Wasm programs run in is started from a file: next to the chunks, where the code that starts it is.
    { in: "../wasm/src/wasm-worker.ts", out: "chunks/wasm-worker" },
  ],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["skep-source"],
  external: ["koffi"],
  chunkNames: "chunks/[name]-[hash]",
  // CommonJS dependencies (commander) reach for require("node:...").
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
});

// What ecc --standalone puts into a file: one piece each, for there is nothing to share with.
const standalone = `${root}dist/standalone`;
rmSync(standalone, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ["run", "unpack"].map((name) => ({ in: `src/standalone/${name}.ts`, out: name })),
  outdir: standalone,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["skep-source"],
  external: ["koffi", "./run.ts"],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
});

const copyGrammar = fileURLToPath(new URL("../../compiler/scripts/copy-grammar.mjs", import.meta.url));
execFileSync(process.execPath, [copyGrammar, `${outdir}/wasm`], { stdio: "inherit" });

// Names of C++ and Rust functions are written out by a WebAssembly module, which is read when the first one is met.
const demangler = createRequire(new URL("../../symbols/package.json", import.meta.url)).resolve(
  "gecko-profiler-demangle/index_bg.wasm",
);
copyFileSync(demangler, `${outdir}/wasm/gecko-profiler-demangle.wasm`);

const old = `${outdir}.old`;
if (existsSync(finished)) renameSync(finished, old);
renameSync(outdir, finished);
rmSync(old, { recursive: true, force: true });
