// A tool that is being measured: its process, and what the kernel says of its programs, its maps and its time.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hostKernel } from "@skep/bpf";

const ATTACH_LIMIT_MS = 60_000;
const END_LIMIT_MS = 20_000;
/** Nothing was added for so long: nothing will be. */
const QUIET_MS = 300;

export class Watcher {
  /** Milliseconds from exec to the first run of a program of its own, all of them attached. */
  attachedMs = 0;
  #child;
  #ended;
  #said = "";

  /**
   * Starts a tool and waits until it is attached, by the kernel's word: a program that it holds has run, and no program, link
   * or perf event was added for a while.
   * @param poke - causes an event that the tool watches; called again and again
   * @throws Error with the last thing that the tool said, if it ends or does not attach within a minute
   */
  static async start(command, poke) {
    const stats = hostKernel().bpf.enableStats(0);
    const watcher = new Watcher(command);
    try {
      await watcher.#attached(poke);
      return watcher;
    } catch (error) {
      await watcher.end();
      throw error;
    } finally {
      stats.close();
    }
  }

  constructor([file, ...args]) {
    this.started = performance.now();
    this.#child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#said = (this.#said + text).slice(-4096);
    });
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  async #attached(poke) {
    while (this.programs().runs === 0) {
      if (!this.#lives || performance.now() - this.started > ATTACH_LIMIT_MS) throw new Error(this.#reason());
      await poke();
      await sleep(1);
    }
    this.attachedMs = performance.now() - this.started;
    for (let held = this.#held(), since = performance.now(); this.#lives; ) {
      await sleep(2);
      const [count, now] = [this.#held(), performance.now()];
      if (count !== held) [held, since, this.attachedMs] = [count, now, now - this.started];
      else if (now - since > QUIET_MS) break;
    }
    if (!this.#lives) throw new Error(this.#reason());
  }

  get #lives() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last thing that it said, without the advice below it or Node.js's version after a crash. */
  #reason() {
    const lines = this.#said.split("\n").filter((line) => /^(?!Node\.js v)\S/.test(line));
    return lines.at(-1) ?? "ran none of its programs";
  }

  /** How many objects of the kernel keep its programs running. */
  #held() {
    return [...this.#descriptors(/bpf|perf_event/)].length;
  }

  /** Descriptors whose kind matches. They come and go while we look. */
  *#descriptors(kind) {
    const folder = `/proc/${this.#child.pid}/fd`;
    for (const fd of attempt(() => readdirSync(folder)) ?? []) {
      const target = attempt(() => readlinkSync(`${folder}/${fd}`)) ?? "";
      if (target.startsWith("anon_inode") && kind.test(target)) yield fd;
    }
  }

  /** Facts of each kernel object of a kind, once, though several descriptors may name it. */
  #objects(kind, id) {
    const all = new Map();
    for (const fd of this.#descriptors(kind)) {
      const text = attempt(() => readFileSync(`/proc/${this.#child.pid}/fdinfo/${fd}`, "utf8")) ?? "";
      const facts = Object.fromEntries([...text.matchAll(/^(\w+):\s+(\d+)$/gm)].map((row) => row.slice(1)));
      all.set(facts[id], facts);
    }
    return [...all.values()];
  }

  /** @returns how often its programs ran, and the nanoseconds they took, while statistics were on */
  programs() {
    const all = this.#objects(/bpf-prog/, "prog_id");
    return { runs: sum(all, "run_cnt"), nanoseconds: sum(all, "run_time_ns") };
  }

  /** Bytes of the kernel's memory for its maps (what `bpftool map` shows) and its perf buffers. */
  kernelBytes() {
    let bytes = sum(this.#objects(/bpf-map/, "map_id"), "memlock");
    const mappings = readFileSync(`/proc/${this.#child.pid}/maps`, "utf8");
    for (const [, from, to] of mappings.matchAll(/^(\w+)-(\w+) .*\[perf_event\]$/gm))
      bytes += Number.parseInt(to, 16) - Number.parseInt(from, 16);
    return bytes;
  }

  /** Bytes of its own memory: now, and at most. */
  residentBytes() {
    return this.#status("VmRSS");
  }

  peakBytes() {
    return this.#status("VmHWM");
  }

  #status(name) {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  }

  /** Nanoseconds that its threads have run (Documentation/scheduler/sched-stats.rst). */
  cpuNanoseconds() {
    const folder = `/proc/${this.#child.pid}/task`;
    const times = readdirSync(folder).map((tid) =>
      Number(readFileSync(`${folder}/${tid}/schedstat`, "utf8").split(" ")[0]),
    );
    return times.reduce((total, time) => total + time, 0);
  }

  async end() {
    this.#child.kill("SIGINT");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_LIMIT_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

function sum(all, name) {
  return all.reduce((total, facts) => total + Number(facts[name] ?? 0), 0);
}

function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
