// What each bundled tool costs: the same fixed work with nothing attached, with ours, and with the model, in turn.
//
//   npm run build && sudo node bench/tools.mjs [--rounds 5] [--scale 1] [--markdown] [--record] [TOOL ...]
//
// The model is the tool of that name in Debian's libbpf-tools; where that has none, or where this kernel does not allow its kprobes, a bpftrace
// program that does the least of the same. For one operation of the work, medians of all rounds: `added` is the time by which it
// became longer; `programs` the part of it inside the eBPF programs (BPF_ENABLE_STATS, in a run of its own); `CPU` the time of
// the watching process. Memory: maps and perf buffers in the kernel, resident memory of the process. `attached`: from exec until
// everything is attached and has run. --scale 0.1 does a tenth of the work, for slow machines. --markdown prints the table of docs/benchmarks.md; --record writes it, and each tool's page.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hostKernel } from "@skep/bpf";
import { record, table, terminal } from "./tools-report.mjs";
import { median, Watcher } from "./watcher.mjs";

/** Longer than tools wait between two looks. */
const DRAIN_MS = 1100;
const here = fileURLToPath(new URL(".", import.meta.url));
const skep = join(here, "../packages/cli/bin/skep.cjs");
delete process.env.NODE_EXTRA_CA_CERTS; // adds its own parsing time to every start of Node 20

const libbpf = (name, ...args) => ({ name: "libbpf-tools", command: [`/usr/sbin/${name}`, ...args] });
const bpftrace = (program, ...args) => ({
  name: "bpftrace",
  command: ["/usr/bin/bpftrace", ...args, "-e", program],
});

/** How many operations at a time, long enough to measure and short enough to wait for, and what one of them is. */
const works = {
  write: { times: 50_000, operation: "write(2) to /dev/null" },
  open: { times: 50_000, operation: "open and close of a file" },
  unlink: { times: 200_000, operation: "unlink(2) of nothing" },
  exec: { times: 500, operation: "start and end of /bin/true" },
  exit: { times: 5_000, operation: "vfork and end of a process" },
  signal: { times: 100_000, operation: "signal to itself" },
  turns: { times: 30_000, operation: "turn of two processes on one CPU (two switches)" },
  syscall: { times: 500_000, operation: "getppid(2)" },
  connect: { times: 5_000, operation: "TCP connection over loopback, both ends" },
  send: { times: 30_000, operation: "byte there and back over a TCP connection" },
  cache: { times: 200_000, operation: "read of a page from the page cache" },
  disk: { times: 3_000, operation: "read of 4 KiB from the disk" },
  malloc: { times: 5_000, operation: "malloc() and free()" },
  call: { times: 50_000, operation: "call of an empty function" },
  burn: { times: 1000, operation: "piece of computation" },
  collect: { times: 100, operation: "System.gc() of a small heap" },
  line: { times: 5_000, operation: "line entered in bash" },
};

/** The work that each tool watches, our arguments, and models in order of preference: given the work's process. */
const tools = {
  minimal: {
    work: "write",
    ours: ({ pid }) => ["--pid_filter", pid],
    models: ({ pid }) => [
      bpftrace(`tracepoint:syscalls:sys_enter_write /pid == ${pid}/ { printf("write by %d\\n", pid); }`),
    ],
  },
  "kprobe-link": {
    work: "unlink",
    models: () => [
      bpftrace(`kprobe:do_unlinkat { printf("%d %s\\n", pid, str(((struct filename *)arg1)->name)); }
        kretprobe:do_unlinkat { printf("%d %d\\n", pid, retval); }`),
    ],
  },
  "fentry-link": {
    work: "unlink",
    models: () => [
      bpftrace(`kfunc:do_unlinkat { printf("%d %s\\n", pid, str(args->name->name)); }
        kretfunc:do_unlinkat { printf("%d %d\\n", pid, retval); }`),
    ],
  },
  bootstrap: {
    work: "exec",
    models: () => [
      bpftrace(`tracepoint:sched:sched_process_exec { @at[pid] = nsecs;
          printf("EXEC %s %d %d %s\\n", comm, pid, curtask->real_parent->tgid, str(args->filename)); }
        tracepoint:sched:sched_process_exit /pid == tid/ {
          printf("EXIT %s %d %d %d\\n", comm, pid, curtask->exit_code, nsecs - @at[pid]); delete(@at[pid]); }`),
    ],
  },
  opensnoop: { work: "open", models: () => [libbpf("opensnoop")] },
  execsnoop: { work: "exec", models: () => [libbpf("execsnoop")] },
  exitsnoop: { work: "exit", models: () => [libbpf("exitsnoop")] },
  sigsnoop: { work: "signal", models: () => [libbpf("sigsnoop")] },
  bashreadline: { work: "line", models: () => [libbpf("bashreadline")] },
  runqlat: { work: "turns", models: () => [libbpf("runqlat", "1")] },
  runqslower: { work: "turns", models: () => [libbpf("runqslower")] },
  hardirqs: { work: "disk", models: () => [libbpf("hardirqs", "1")] },
  softirqs: { work: "send", models: () => [libbpf("softirqs", "1")] },
  profile: {
    work: "burn",
    models: () => [bpftrace("profile:hz:99 /pid/ { @[pid, comm, kstack(127), ustack(127)] = count(); }")],
  },
  offcpu: { work: "turns", models: () => [libbpf("offcputime")] },
  tcpconnlat: {
    work: "connect",
    models: () => [
      libbpf("tcpconnlat"),
      bpftrace(`tracepoint:sock:inet_sock_set_state /args->protocol == 6 && args->newstate == 2/ {
          @at[args->skaddr] = nsecs; @pid[args->skaddr] = pid; }
        tracepoint:sock:inet_sock_set_state /args->oldstate == 2 && @at[args->skaddr]/ {
          printf("%d %s %d %d\\n", @pid[args->skaddr], ntop(args->daddr), args->dport, nsecs - @at[args->skaddr]);
          delete(@at[args->skaddr]); delete(@pid[args->skaddr]); }`),
    ],
  },
  tcpstates: { work: "connect", models: () => [libbpf("tcpstates")] },
  tcprtt: {
    work: "send",
    models: () => [
      libbpf("tcprtt", "-i", "1"),
      bpftrace("tracepoint:tcp:tcp_probe { @ = hist(args->srtt); }"),
    ],
  },
  tcptop: {
    work: "send",
    models: () => [
      libbpf("tcptop", "1"),
      bpftrace(`tracepoint:sock:sock_send_length /args->protocol == 6 && args->ret > 0/ {
          @sent[pid, comm, args->sk] = sum(args->ret); }
        tracepoint:sock:sock_recv_length /args->protocol == 6 && args->ret > 0/ {
          @received[pid, comm, args->sk] = sum(args->ret); }`),
    ],
  },
  javagc: {
    work: "collect",
    ours: ({ pid }) => ["--pid", pid],
    models: ({ pid }) => [libbpf("javagc", "-p", pid, "-t", "1")],
  },
  memleak: {
    work: "malloc",
    ours: ({ pid }) => ["--pid", pid],
    models: ({ pid, libc }) => [
      bpftrace(
        `uprobe:${libc}:malloc { @size[tid] = arg0; }
        uretprobe:${libc}:malloc /@size[tid]/ { @stack[retval] = ustack; @bytes[retval] = @size[tid]; delete(@size[tid]); }
        uprobe:${libc}:free { delete(@stack[arg0]); delete(@bytes[arg0]); }`,
        "-p",
        pid,
      ),
    ],
  },
  syscount: { work: "syscall", models: () => [libbpf("syscount", "-L", "-i", "1")] },
  biolatency: { work: "disk", models: () => [libbpf("biolatency", "1")] },
  funclatency: {
    work: "call",
    ours: ({ workload }) => ["--binary", workload, "--function", "called"],
    models: ({ workload }) => [libbpf("funclatency", "-i", "1", `${workload}:called`)],
  },
  cachestat: {
    work: "cache",
    models: () => [
      libbpf("cachestat", "1"),
      bpftrace(`tracepoint:filemap:mm_filemap_get_pages { @accesses[pid] = sum(args->last_index - args->index + 1); }
        tracepoint:filemap:mm_filemap_add_to_page_cache { @added[pid] = count(); }
        tracepoint:writeback:writeback_dirty_folio { @dirtied[pid] = count(); }`),
    ],
  },
};

/** A process that does fixed work when it is told to, on the last CPU. */
class Work {
  #child;
  #answers;

  constructor(kind, folder) {
    const command = {
      collect: ["java", "-XX:+UseSerialGC", "-Xmx16m", "-cp", folder, "Collect"],
      line: ["/bin/bash", "--norc", "-i"],
    }[kind] ?? [join(folder, "workload"), kind];
    this.kind = kind;
    this.workload = join(folder, "workload");
    // Scratch files have to be on a disk.
    const options = { stdio: ["pipe", "pipe", "ignore"], cwd: here };
    this.#child = spawn("taskset", ["-c", String(availableParallelism() - 1), ...command], options);
    // Whoever ended says so by its silence.
    this.#child.stdin.on("error", () => {});
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  get pid() {
    return String(this.#child.pid);
  }

  get libc() {
    return /\S+\/libc\.so\.6$/m.exec(readFileSync(`/proc/${this.pid}/maps`, "utf8"))?.[0];
  }

  /** @returns the nanoseconds that it took */
  async do(times) {
    const microseconds = `\${EPOCHREALTIME/./}`;
    this.#child.stdin.write(
      this.kind === "line"
        ? `begin=${microseconds}\n${":\n".repeat(times)}echo $(((${microseconds} - begin) * 1000))\n`
        : `${times}\n`,
    );
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the work "${this.kind}" does not run here`);
    return Number(value);
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}

/** One run of a tool beside the work. */
async function watch(command, work, times) {
  const alone = await work.do(times);
  const watcher = await Watcher.start(command, () => work.do(1));
  try {
    const idle = watcher.cpuNanoseconds();
    const watched = await work.do(times);
    await sleep(DRAIN_MS);
    const cpu = watcher.cpuNanoseconds() - idle;
    const stats = hostKernel().bpf.enableStats(0);
    const before = watcher.programs().nanoseconds;
    await work.do(times);
    const programs = watcher.programs().nanoseconds - before;
    stats.close();
    return {
      alone: alone / times,
      added: (watched - alone) / times,
      programs: programs / times,
      cpu: cpu / times,
      kernel: watcher.kernelBytes(),
      resident: watcher.residentBytes(),
      attached: watcher.attachedMs,
    };
  } finally {
    await watcher.end();
  }
}

/** The first of these that runs here beside the work, or the reason why the last does not. */
async function firstThatRuns(candidates, work) {
  const reasons = [];
  for (const candidate of candidates) {
    if (!existsSync(candidate.command[0])) {
      reasons.push("not installed");
      continue;
    }
    try {
      await (await Watcher.start(candidate.command, () => work.do(1))).end();
      return { ...candidate, runs: [] };
    } catch (error) {
      reasons.push(error.message);
    }
  }
  return { name: candidates.at(-1).name, runs: [], reason: reasons.at(-1) };
}

function medians(runs) {
  if (runs.length === 0) return undefined;
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]));
}

/** Half of the range of the middle half. */
function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const quarter = sorted.length >> 2;
  return (sorted[sorted.length - 1 - quarter] - sorted[quarter]) / 2;
}

async function measure(tool, folder, rounds, scale) {
  const { work: kind, ours = () => [], models } = tools[tool];
  const { operation } = works[kind];
  const times = Math.ceil(works[kind].times * scale);
  const work = new Work(kind, folder);
  try {
    const skepCommand = { name: "skep", command: [process.execPath, skep, "run", tool, ...ours(work)] };
    const sides = [await firstThatRuns([skepCommand], work), await firstThatRuns(models(work), work)];
    for (let round = 0; round < rounds; round++)
      for (const side of sides.filter(({ reason }) => reason === undefined)) {
        try {
          side.runs.push(await watch(side.command, work, times));
        } catch (error) {
          console.error(`${tool}: ${side.name} failed in round ${round + 1}: ${error.message}`);
          if (round === rounds - 1 && side.runs.length === 0) side.reason = error.message;
        }
      }
    const alone = sides.flatMap(({ runs }) => runs.map((run) => run.alone));
    return {
      tool,
      operation,
      alone: alone.length === 0 ? undefined : median(alone),
      sides: sides.map(({ name, reason, runs }) => ({
        name,
        reason,
        ...medians(runs),
        /** What `added` may be wrong by. */
        noise: Math.max(spread(alone), spread(runs.map((run) => run.added))),
      })),
    };
  } finally {
    work.end();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    scale: { type: "string", default: "1" },
    markdown: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
try {
  execFileSync("cc", ["-O2", "-Wall", "-o", join(folder, "workload"), join(here, "c/workload.c")]);
  spawnSync("javac", ["-d", folder, join(here, "java/Collect.java")]);
  const results = [];
  for (const tool of Object.keys(tools)) {
    if (positionals.length > 0 && !positionals.includes(tool)) continue;
    const result = await measure(tool, folder, Number(values.rounds), Number(values.scale));
    results.push(result);
    if (!values.markdown) console.log(terminal(result));
  }
  if (values.markdown) console.log(table(results));
  if (values.record) record(results);
} finally {
  rmSync(folder, { recursive: true });
}
