import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const repository = fileURLToPath(new URL("..", import.meta.url));
const vmRun = join(repository, "scripts/vm-run");

/** Kernels of Debian's releases, as `--kernel` of scripts/vm-run takes them. */
export const VM_KERNELS = ["5.10", "6.1", "6.12"] as const;

export interface VmResult {
  /** Exit status of the command; 124 when time ran out, 125 when the machine itself failed. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VmOptions {
  /** Of the whole machine, by default 300. */
  readonly timeoutSeconds?: number;
  readonly kernelCommandLine?: string;
}

/**
 * Runs a command as root under another kernel: scripts/vm-run. It sees this machine's files; the repository is its
 * current directory and the only place where it can leave something. Boots in about 4 seconds without KVM, and then
 * runs 10 to 20 times slower than here.
 */
export function runInVm(
  kernel: string,
  command: readonly string[],
  options: VmOptions = {},
): Promise<VmResult> {
  const limit = String(options.timeoutSeconds ?? 300);
  const append = options.kernelCommandLine === undefined ? [] : ["--append", options.kernelCommandLine];
  return run(["--kernel", kernel, "--timeout", limit, ...append, "--", ...command]);
}

/** Fetches what a kernel needs, once. A reason to skip the test when this machine cannot run it, else undefined. */
export async function vmUnavailable(kernel: string): Promise<string | undefined> {
  if (process.arch !== "x64") return `virtual machines are x86-64 only, this is ${process.arch}`;
  if (!existsSync("/usr/bin/apt-get"))
    return "scripts/vm-run fetches kernels with apt-get, which is not here";
  if (process.getuid?.() !== 0) return "scripts/vm-run wants root";
  const { status, stderr } = await run(["--kernel", kernel, "--prepare"]);
  return status === 0
    ? undefined
    : `kernel ${kernel} cannot be prepared: ${stderr.trim().split("\n").at(-1)}`;
}

/**
 * Runs a TypeScript file under another kernel. It finds `plan` in the JSON file that its command line names, and prints a
 * report as JSON. Starting node takes a second there, loading our library three more and every further file its part: what
 * belongs together is one script.
 * @throws when it fails or prints something else; the error says what it had to say
 */
export function runScriptInVm<Report>(
  kernel: string,
  entry: string,
  plan: unknown,
  options: VmOptions = {},
): Promise<Report> {
  return withBundle(entry, async (bundle) => {
    const file = `${bundle}.json`;
    await writeFile(file, JSON.stringify(plan));
    const { status, stdout, stderr } = await runInVm(kernel, ["node", bundle, file], options);
    if (status !== 0) throw new Error(`Linux ${kernel}: exit status ${status}\n${stderr}\n${stdout}`);
    return JSON.parse(stdout);
  });
}

/**
 * Bundles a TypeScript file into one that `node` runs, in a directory of its own, and lends its path. Packages of
 * the workspace are taken from their sources.
 */
export async function withBundle<T>(entry: string, use: (path: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "skep-bundle-"));
  try {
    await symlink(join(repository, "node_modules"), join(directory, "node_modules"));
    const outfile = join(directory, "entry.mjs");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      conditions: ["skep-source"],
      external: ["koffi"],
      logLevel: "silent",
    });
    return await use(outfile);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): Promise<VmResult> {
  return new Promise((resolve) => {
    const options = { cwd: repository, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(vmRun, args, options, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? 125, stdout, stderr });
    });
  });
}
