import { readFileSync, readlinkSync } from "node:fs";
import { type MemoryRegion, parseMaps } from "@skep/bpf";
import { demangle } from "../demangle.ts";
import type { Binary } from "../elf/binary.ts";
import type { BinaryCache } from "../elf/binary-cache.ts";
import type { SymbolTable } from "../symbol-table.ts";
import { missing, type Symbolized } from "../symbolized.ts";
import { PerfMapFile } from "./perf-map.ts";
import { runtimeName } from "./script-names.ts";
import { VDSO, vdso } from "./vdso.ts";

/** Behind the path of a file that has no name any more (proc_pid_maps(5)). */
const DELETED = / \(deleted\)$/;

/** The memory of a process as it was mapped at one time, and what is known of what lies there. */
export class ProcessImage {
  readonly pid: number;
  /** The text of /proc/PID/maps. */
  readonly text: string;
  readonly #regions: readonly MemoryRegion[];
  readonly #cache: BinaryCache;
  readonly #perfMaps: readonly PerfMapFile[];
  #root: string | undefined;
  readonly #binaries = new Map<MemoryRegion, Binary | undefined | "unreadable">();

  constructor(pid: number, text: string, cache: BinaryCache) {
    this.pid = pid;
    this.text = text;
    this.#regions = parseMaps(text);
    this.#cache = cache;
    this.#perfMaps = perfMapPaths(pid).map((path) => new PerfMapFile(path));
  }

  symbolize(addresses: readonly bigint[]): Symbolized[] {
    let perfMaps: readonly SymbolTable[] | undefined;
    const described = () => {
      perfMaps ??= this.#perfMaps.flatMap((file) => file.table() ?? []);
      return perfMaps;
    };
    return addresses.map((address) => {
      const region = this.#regionAt(address);
      return region === undefined ? missing("unmapped") : this.#find(region, address, described);
    });
  }

  #find(region: MemoryRegion, address: bigint, described: () => readonly SymbolTable[]): Symbolized {
    const inFile = Number(address - region.start + region.offset);
    const isFile = region.path.startsWith("/");
    const module = isFile ? region.path.replace(DELETED, "") : undefined;
    const binary = isFile || region.path === VDSO ? this.#binaryOf(region) : undefined;
    if (binary === "unreadable") return missing("unreadable", module, BigInt(inFile));
    if (binary === undefined) return fromPerfMap(described(), address, region);
    const at = binary.addressOf(region.path === VDSO ? Number(address - region.start) : inFile);
    const found = at === undefined ? undefined : binary.symbols.find(at);
    const its = module ?? region.path;
    if (at === undefined || found === undefined) return missing("stripped", its, BigInt(at ?? inFile));
    const source = binary.lines?.find(at);
    const symbol = { name: demangle(found.name), offset: BigInt(found.offset), module: its };
    return { kind: "found", ...symbol, ...(source && { source }) };
  }

  #binaryOf(region: MemoryRegion): Binary | undefined | "unreadable" {
    if (this.#binaries.has(region)) return this.#binaries.get(region);
    const binary = region.path === VDSO ? vdso(region.end - region.start) : this.#readBinary(region);
    this.#binaries.set(region, binary);
    return binary;
  }

  /**
   * What is mapped, not what is there now under its name: through the link that the kernel keeps for the mapping. Where that is
   * not for us, by name in the process's own mount namespace, if it is the same file still.
   */
  #readBinary({ start, end, path, inode }: MemoryRegion): Binary | undefined | "unreadable" {
    const link = `/proc/${this.pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
    const place = { root: `/proc/${this.pid}/root`, path: this.#pathInside(path) };
    const mapped = this.#cache.read(link, undefined, place);
    if (mapped !== "unreadable") return mapped;
    const named = this.#cache.read(`${place.root}${place.path}`, inode, place);
    // Of a process that has ended since, what we see under the name is the file, if it is the same.
    return named === "unreadable" ? this.#cache.read(place.path, inode, { ...place, root: "" }) : named;
  }

  /**
   * The path that the process has for a file. The kernel writes paths as seen from our own root folder, and those of other mount
   * namespaces as seen from theirs: only after chroot(2) there is something in front to take away.
   */
  #pathInside(path: string): string {
    this.#root ??= rootOf(this.pid);
    const whole = path.replace(DELETED, "").replaceAll("\\012", "\n");
    return this.#root !== "/" && whole.startsWith(`${this.#root}/`) ? whole.slice(this.#root.length) : whole;
  }

  #regionAt(address: bigint): MemoryRegion | undefined {
    let low = 0;
    let high = this.#regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#regions[middle]?.end ?? 0n) <= address) low = middle + 1;
      else high = middle;
    }
    const region = this.#regions[low];
    return region !== undefined && region.start <= address ? region : undefined;
  }
}

function fromPerfMap(tables: readonly SymbolTable[], address: bigint, region: MemoryRegion): Symbolized {
  for (const table of tables) {
    const found = table.find(Number(address));
    if (found !== undefined)
      return { kind: "found", ...runtimeName(found.name), offset: BigInt(found.offset), module: undefined };
  }
  return missing("anonymous", region.path === "" ? undefined : region.path.replace(DELETED, ""));
}

/** A runtime names the file by the pid that it has in its own namespace, and writes it to its own /tmp. */
function perfMapPaths(pid: number): readonly string[] {
  const inner = innermostPid(pid);
  return [...new Set([`/proc/${pid}/root/tmp/perf-${inner}.map`, `/tmp/perf-${pid}.map`])];
}

function innermostPid(pid: number): number {
  try {
    const [, pids = ""] = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(pids.split(/\s+/).at(-1)) || pid;
  } catch {
    return pid;
  }
}

function rootOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return "/";
  }
}
