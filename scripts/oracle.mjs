// Loads every object of libbpf-tools with libbpf and with @skep/bpf, and compares what the kernel holds then: the tag of
// each program (a hash of its relocated instructions), or the errno with which the load was refused.
//
//   node scripts/oracle.mjs [--kernel native --kernel 5.10 --kernel 6.1 …] [--json]
//
// A column for each kernel: the running one (`native`, which is also meant without --kernel), others in a virtual machine each
// (scripts/vm-run), two to five minutes. Needs root, cc, libbpf-dev and libbpf-tools.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const EM_BPF = 247;

if (process.argv[2] === "--inside") await report(process.argv[3]);
else await main(process.argv.slice(2));

async function main(args) {
  const kernels = args.flatMap((arg, at) => (arg === "--kernel" ? [args[at + 1]] : []));
  // In the repository, so that a virtual machine sees it.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "skep-oracle-"));
  try {
    const objects = extract(folder);
    const source = join(root, "packages/bpf/test/oracle/load-object.c");
    await bundle(join(folder, "bpf.mjs"));
    execFileSync("cc", ["-O2", "-Wall", "-o", join(folder, "load-object"), source, "-lbpf"]);
    const results = new Map();
    for (const kernel of kernels.length > 0 ? kernels : ["native"]) results.set(kernel, run(kernel, folder));
    process.exitCode = args.includes("--json") ? printJson(results) : printTable(objects, results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The library in one file, as its sources are now. */
async function bundle(outfile) {
  const { build } = await import("esbuild");
  const entryPoints = [join(root, "packages/bpf/src/index.ts")];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi"],
  });
}

/** Writes the BPF objects inside the tools' executables as files; gives their names. */
function extract(folder) {
  const listing = readFileSync("/var/lib/dpkg/info/libbpf-tools.list", "utf8").split("\n");
  const names = [];
  for (const path of listing.filter((path) => path.startsWith("/usr/sbin/") && existsSync(path)).sort()) {
    for (const [index, bytes] of objectsIn(readFileSync(path)).entries()) {
      const name = path.replace("/usr/sbin/", "") + (index > 0 ? `.${index}` : "");
      if (names.includes(name)) continue;
      writeFileSync(join(folder, `${name}.o`), bytes);
      names.push(name);
    }
  }
  return names;
}

function objectsIn(file) {
  const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const found = [];
  for (let at = file.indexOf(magic, 1); at > 0; at = file.indexOf(magic, at + 1)) {
    if (file.length - at < 64 || file.readUInt16LE(at + 18) !== EM_BPF) continue;
    const end =
      Number(file.readBigUInt64LE(at + 40)) + file.readUInt16LE(at + 58) * file.readUInt16LE(at + 60);
    if (end <= file.length - at) found.push(file.subarray(at, at + end));
  }
  return found;
}

function run(kernel, folder) {
  const command = [process.execPath, fileURLToPath(import.meta.url), "--inside", folder];
  if (kernel !== "native")
    command.unshift(join(root, "scripts/vm-run"), "--kernel", kernel, "--timeout", "1800", "--");
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    cwd: root,
  });
  if (status !== 0) throw new Error(`${kernel}: exit ${status}\n${stderr}`);
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** Runs where the kernel is: prints one JSON line per object, mode and program, from both loaders. */
async function report(folder) {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".o"))
    .sort();
  const paths = files.map((name) => join(folder, name));
  const options = { encoding: "utf8", maxBuffer: 1 << 28 };
  const theirs = promisify(execFile)(join(folder, "load-object"), paths, options);
  const { open } = await import(join(folder, "bpf.mjs"));
  for (const path of paths) {
    for (const line of loadOurs(open, path)) print({ by: "skep", object: nameOf(path), ...line });
  }
  const lines = (await theirs).stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  for (const line of lines) print({ by: "libbpf", ...line, object: nameOf(line.object) });
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function nameOf(path) {
  return path.replace(/^.*\//, "").replace(/\.o$/, "");
}

function* loadOurs(open, path) {
  let names;
  try {
    names = open(path).spec.programs.map(({ name }) => name);
  } catch (error) {
    yield { mode: "open", errno: errnoOf(error), message: error.message };
    return;
  }
  for (const only of [undefined, ...names]) {
    const mode = only === undefined ? "all" : "one";
    try {
      const spec = open(path);
      for (const program of spec.programs.values())
        program.autoload = only === undefined || program.name === only;
      const object = spec.load();
      for (const { name, tag } of object.programs.values()) yield { mode, program: name, tag };
      object.close();
    } catch (error) {
      yield { mode, program: only ?? "", errno: errnoOf(error), message: error.message, code: error.code };
    }
  }
}

/** The errno that libbpf would return: the kernel's, or its own for what is decided before the kernel is asked. */
function errnoOf(error) {
  const own = { ERR_BPF_RELOCATION: 22, ERR_BPF_NOT_FOUND: 3, ERR_BPF_MALFORMED: 22 };
  for (let cause = error; cause; cause = cause.cause) if (typeof cause.errno === "number") return cause.errno;
  return own[error.code] ?? `${error.code ?? error}`;
}

function compare(lines) {
  const key = ({ object, mode, program }) => `${object} ${mode} ${program ?? ""}`;
  const outcome = (line) => (line === undefined ? "nothing" : (line.tag ?? `errno ${line.errno}`));
  const by = (who) => new Map(lines.filter((line) => line.by === who).map((line) => [key(line), line]));
  const [theirs, ours] = [by("libbpf"), by("skep")];
  const keys = [...new Set([...theirs.keys(), ...ours.keys()])];
  return keys.map((name) => {
    const [a, b] = [theirs.get(name), ours.get(name)];
    const { object, mode, program } = a ?? b;
    return { object, mode, program, libbpf: outcome(a), skep: outcome(b), message: b?.message };
  });
}

function printJson(results) {
  for (const [kernel, lines] of results) for (const row of compare(lines)) print({ kernel, ...row });
  return 0;
}

function printTable(objects, results) {
  let wrong = 0;
  const tables = new Map([...results].map(([kernel, lines]) => [kernel, compare(lines)]));
  const width = Math.max(...objects.map((name) => name.length));
  console.log(
    `${"OBJECT".padEnd(width)}  ${[...tables.keys()].map((kernel) => kernel.padEnd(18)).join("  ")}`,
  );
  for (const object of objects) {
    const cells = [...tables.values()].map((rows) => {
      const mine = rows.filter((row) => row.object === object);
      const equal = mine.filter((row) => row.libbpf === row.skep);
      wrong += mine.length - equal.length;
      const loaded = equal.filter((row) => row.mode === "one" && !row.libbpf.startsWith("errno")).length;
      const refused = equal.filter((row) => row.mode === "one").length - loaded;
      const verdict = equal.length === mine.length ? "same" : `DIFFERS ${mine.length - equal.length}`;
      return `${verdict} ${loaded}+${refused}`.padEnd(18);
    });
    console.log(`${object.padEnd(width)}  ${cells.join("  ")}`);
  }
  for (const [kernel, rows] of tables) {
    const equal = rows.filter((row) => row.libbpf === row.skep);
    const tags = equal.filter((row) => !row.libbpf.startsWith("errno")).length;
    console.log(
      `${kernel}: ${equal.length} of ${rows.length} loads agree (${tags} equal tags, ${equal.length - tags} equal refusals)`,
    );
    for (const row of rows) {
      if (row.libbpf === row.skep) continue;
      console.log(
        `  ${row.object} ${row.mode} ${row.program ?? ""}: libbpf ${row.libbpf}, skep ${row.skep} ${row.message ?? ""}`,
      );
    }
  }
  console.log(
    "same L+R: L programs loaded alike with equal tags, R refused with equal errno, each loaded on its own",
  );
  return wrong === 0 ? 0 : 1;
}
