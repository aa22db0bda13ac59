import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { compilePackage } from "@skep/compiler";
import type { Package } from "@skep/package";
import type { RunResult } from "../src/attend.ts";
import { type RunOptions, runPackage } from "../src/run-package.ts";

/** Compiles a source of `test/fixtures`, annotations and all. */
export async function compileTool(file: string): Promise<Package> {
  const source = fileURLToPath(new URL(`fixtures/${file}`, import.meta.url));
  return (await compilePackage(source)).package;
}

class Text extends Writable {
  text = "";
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A package that runs in this process, as `skep run` runs it. */
export class RunningPackage implements AsyncDisposable {
  readonly #out = new Text();
  readonly #err = new Text();
  readonly #end: Promise<RunResult>;
  #ended = false;

  constructor(pkg: Package, args: readonly string[], more: Partial<RunOptions> = {}) {
    const name = pkg.meta.bpf_skel.obj_name;
    this.#end = runPackage(pkg, { name, args, stdout: this.#out, stderr: this.#err, ...more });
    this.#end.then(
      () => (this.#ended = true),
      () => (this.#ended = true),
    );
  }

  get stdout(): string {
    return this.#out.text;
  }

  get stderr(): string {
    return this.#err.text;
  }

  /** Resolves when the programs are attached. @throws what the run throws */
  async attached(): Promise<this> {
    await this.until(() => this.stderr.includes("attached, Ctrl-C") || this.stdout !== "");
    return this;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#ended) {
        await this.#end;
        if (condition()) return;
        throw new Error(`ended early: ${this.stdout}${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Resolves when it ends by itself. */
  get end(): Promise<RunResult> {
    return this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) process.emit("SIGINT");
    await this.#end.catch(() => undefined);
  }
}

/** What bpftool, which has no part in ours, says of the maps that this process holds. */
export function ownMaps(): { readonly id: number; readonly name: string }[] {
  return describe("map", "map_id");
}

/** Names of the programs that this process holds. */
export function ownPrograms(): string[] {
  return describe("prog", "prog_id").map(({ name }) => name);
}

function describe(what: "map" | "prog", key: string): { readonly id: number; readonly name: string }[] {
  const ids = new Set(
    readdirSync("/proc/self/fdinfo").flatMap((fd) => {
      const text = existsSync(`/proc/self/fdinfo/${fd}`)
        ? readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")
        : "";
      return new RegExp(`^${key}:\\s*(\\d+)$`, "m").exec(text)?.[1] ?? [];
    }),
  );
  return [...ids].map((id) => JSON.parse(bpftool(what, "show", "id", id)) as { id: number; name: string });
}

/** The variables of a section, read from the kernel, and its bytes. */
export function readSection(section: string): {
  readonly variables: Record<string, unknown>;
  readonly bytes: DataView;
} {
  const [entry] = dump((name) => name.endsWith(section));
  if (entry === undefined) throw new Error(`the kernel shows nothing of ${section}`);
  const { value } = entry.formatted as { readonly value: Record<string, Record<string, unknown>[]> };
  const bytes = Uint8Array.from(entry.value as string[], Number);
  return { variables: Object.assign({}, ...Object.values(value).flat()), bytes: new DataView(bytes.buffer) };
}

/** Keys and values of a map, read from the kernel. */
export function readEntries(map: string): { readonly key: unknown; readonly value: unknown }[] {
  return dump((name) => name === map).map(({ formatted }) => formatted as { key: unknown; value: unknown });
}

function dump(
  wanted: (name: string) => boolean,
): { readonly formatted?: unknown; readonly value: unknown }[] {
  const map = ownMaps().find(({ name }) => wanted(name));
  if (map === undefined) throw new Error("this process holds no such map");
  // bpftool 7.1 knows no floats, and says so in what should be JSON.
  const text = bpftool("map", "dump", "id", String(map.id)).replace(
    /\(unsupport[^)]*\)|(?<=:)\(unsupport[^,}]*/g,
    "null",
  );
  return JSON.parse(text) as { formatted?: unknown; value: unknown }[];
}

function bpftool(...args: readonly string[]): string {
  return execFileSync("bpftool", ["-j", ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
}
