/**
 * Attaches one program of each kind, does what it should see, and prints what it saw as JSON. Bundled and run under other
 * kernels by kinds.vm.test.ts: `node attach-kinds.mjs OBJECT BINARY [hide-pmu]`, where BINARY has a function
 * `work` and a USDT probe.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BpfError } from "../../src/errors.ts";
import { IteratorLink } from "../../src/links/iter.ts";
import type { Link } from "../../src/links/link.ts";
import type { AttachOptions } from "../../src/links/options.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import type { Program } from "../../src/object/program.ts";
import { type BpfSpec, open } from "../../src/object.ts";

export interface KindResult {
  readonly name: string;
  /** Hits while attached, and after closing. */
  readonly hits?: number;
  readonly late?: number;
  readonly description?: string;
  readonly error?: string;
}

/** Rounds of the action. */
const ROUNDS = 5;

interface Kind {
  readonly options?: AttachOptions;
  /** Replaces the section's before the load. */
  readonly target?: string;
  /** Program of the same object that is loaded first, for this one to replace a function of. */
  readonly replaces?: string;
  readonly act: (link: Link, replaced: Program | undefined) => void;
}

const [, , objectPath = "", binary = "", mode] = process.argv;
const directory = mkdtempSync(join(tmpdir(), "skep-kinds-"));
const cgroup = cgroupDirectory();
const netkit = netkitDevice();

const unlink: Kind = { act: repeat(unlinkOne) };
const runBinary = () => void execFileSync(binary, [String(ROUNDS)]);
const work: Kind = { options: { target: `${binary}:work` }, act: runBinary };
const udp = repeat(
  () => void execFileSync("bash", ["-c", "echo x > /dev/udp/127.0.0.1/9"], { stdio: "ignore" }),
);

/** To the other end of the netkit pair. */
const across = repeat(
  () => void execFileSync("bash", ["-c", "echo x > /dev/udp/198.51.100.2/9"], { stdio: "ignore" }),
);

const KINDS: Readonly<Record<string, Kind>> = {
  kprobe_target: { options: { target: "do_unlinkat" }, act: repeat(unlinkOne) },
  fentry_target: { target: "do_unlinkat", act: repeat(unlinkOne) },
  perf_event: { options: { sample: { frequency: 99 } }, act: () => burn(300) },
  iter_task: { act: (link) => void (link as IteratorLink).read() },
  xdp: { options: { interface: "lo", xdpMode: "generic" }, act: udp },
  tc: { options: { interface: "lo" }, act: udp },
  netkit: { options: { interface: netkit }, act: across },
  socket_filter: { options: { interface: "lo" }, act: udp },
  cgroup: {
    options: { cgroup },
    act: () => inCgroup("for i in 1 2 3 4 5; do echo x > /dev/udp/127.0.0.1/9; done"),
  },
  lsm_cgroup: {
    options: { cgroup },
    act: () => inCgroup("for i in 1 2 3 4 5; do echo x > /dev/udp/127.0.0.1/9; done"),
  },
  freplace: { replaces: "caller", act: (_link, replaced) => repeat(() => run(replaced))() },
  sk_lookup: {
    act: repeat(
      () => void execFileSync("bash", ["-c", "echo x > /dev/tcp/127.0.0.1/9 || true"], { stdio: "ignore" }),
    ),
  },
  uprobe: work,
  uretprobe: work,
  uprobe_multi: work,
  usdt: { options: { target: `${binary}:skep:args` }, act: runBinary },
};

for (const name of [...open(objectPath).programs.keys()].filter((name) => name.startsWith("on_")))
  console.log(JSON.stringify(tryKind(name, KINDS[name.slice("on_".length)] ?? unlink)));
if (mode === "hide-pmu") {
  // Only in a virtual machine: without these directories the kernel looks like one before 4.17.
  for (const pmu of ["kprobe", "uprobe"])
    execFileSync("mount", ["-t", "tmpfs", "none", `/sys/devices/${pmu}`]);
  for (const name of [
    "on_kprobe",
    "on_kprobe_offset",
    "on_kretprobe",
    "on_uprobe",
    "on_uretprobe",
    "on_usdt",
  ]) {
    const result = tryKind(name, KINDS[name.slice("on_".length)] ?? unlink);
    console.log(JSON.stringify({ ...result, name: name.replace("on_", "tracefs_") }));
  }
  const left = ["kprobe_events", "uprobe_events"].map((file) =>
    readFileSync(`${hostKernel().tracefs}/${file}`, "utf8"),
  );
  console.log(JSON.stringify({ name: "tracefs_left", hits: left.join("").length }));
}
rmSync(directory, { recursive: true });
if (cgroup !== "") rmdirSync(cgroup);

function tryKind(name: string, kind: Kind): KindResult {
  try {
    using base = kind.replaces === undefined ? undefined : specOf(kind.replaces).load();
    const replaced = base?.programs.get(kind.replaces ?? "");
    const spec = specOf(name);
    spec.program(name).targetProgram = replaced?.fd;
    if (kind.target !== undefined) spec.program(name).target = kind.target;
    using object = spec.load();
    const hits = () => Number(object.variables.get("hits"));
    const link = object.program(name).attach(kind.options ?? {});
    kind.act(link, replaced);
    const during = hits();
    link.close();
    const before = hits();
    if (!(link instanceof IteratorLink)) kind.act(link, replaced);
    return { name, hits: during, late: hits() - before, description: link.description };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return { name, error: `${error.name}: ${error.message} | ${error.next}` };
  }
}

/** The object with one program only. */
function specOf(name: string): BpfSpec {
  const spec = open(objectPath);
  for (const program of spec.programs.values()) program.autoload = program.name === name;
  spec.variables.set("target_pid", process.pid);
  return spec;
}

function run(program: Program | undefined): void {
  if (program === undefined) return;
  const data = { dataIn: new Uint8Array(64), dataOut: new Uint8Array(64) };
  program.kernel.bpf.progTestRun({ program: program.fd, ...data });
}

function repeat(action: () => void): () => void {
  return () => {
    for (let round = 0; round < ROUNDS; round++) action();
  };
}

function unlinkOne(): void {
  const path = join(directory, "file");
  writeFileSync(path, "");
  unlinkSync(path);
}

function burn(milliseconds: number): void {
  for (const end = Date.now() + milliseconds; Date.now() < end; );
}

function inCgroup(script: string): void {
  execFileSync("bash", ["-c", `echo $$ > ${cgroup}/cgroup.procs; ${script}`], { stdio: "ignore" });
}

/** One end of a new pair; where the kernel makes none, an interface of another kind. */
function netkitDevice(): string {
  const name = "skep0";
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "ignore" });
  try {
    ip("link", "add", name, "type", "netkit");
  } catch {
    return "lo";
  }
  ip("addr", "add", "198.51.100.1/30", "dev", name);
  for (const end of [name, "nk0"]) ip("link", "set", end, "up");
  return name;
}

/** A child of the v2 hierarchy, which a bare virtual machine has yet to mount. */
function cgroupDirectory(): string {
  const mounted = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
  const root = mounted ?? mkdtempSync(join(tmpdir(), "skep-cgroup-"));
  if (mounted === undefined) execFileSync("mount", ["-t", "cgroup2", "none", root]);
  const child = `${root}/skep-kinds-${process.pid}`;
  mkdirSync(child);
  return child;
}
