import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import type { BpfValue } from "../codec/decoder.ts";
import { ClosedError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { Link } from "../links/link.ts";
import type { AttachOptions } from "../links/options.ts";
import { attachStructOps } from "../links/struct-ops.ts";
import { UndoList, undoneOnFailure } from "../links/undo-list.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { LoadedObject } from "../load/load-object.ts";
import { createMap } from "../maps/create-map.ts";
import { EventMap, type EventType, type WaitOptions } from "../maps/event-map.ts";
import { GlobalDataMap } from "../maps/global-data.ts";
import { findLostCounter } from "../maps/lost-events.ts";
import { BpfMap } from "../maps/map.ts";
import { RingBuffer } from "../maps/ring-buffer.ts";
import { TableMap } from "../maps/table.ts";
import type { LinkKind, ObjectSpec } from "../spec/object-spec.ts";
import { variablePlaces } from "./initial-variables.ts";
import { LiveVariables } from "./live-variables.ts";
import { Program } from "./program.ts";

/** Hooks that have nothing to attach to unless the SEC() name or the caller says so. */
const NEEDS_TARGET: ReadonlySet<LinkKind> = new Set([
  "kprobe",
  "kretprobe",
  "kprobe.multi",
  "kretprobe.multi",
  "kprobe.session",
  "ksyscall",
  "kretsyscall",
  "uprobe",
  "uretprobe",
  "uprobe.multi",
  "uretprobe.multi",
  "uprobe.session",
  "usdt",
  "tracepoint",
  "raw_tracepoint",
]);

/** Attach options for all programs alike, or chosen for each; `undefined` leaves a program out. */
export type AttachChoice = AttachOptions | ((program: Program) => AttachOptions | undefined);

/** How events are read, their struct given by its C name. */
export type NamedEventOptions = Omit<WaitOptions, "type"> & { readonly type?: string };

/**
 * Programs and maps in the kernel. The object owns their descriptors and the links of its programs: keep it as long as
 * they shall work, and `close()` it (or let the process end) to leave nothing behind.
 */
export class BpfObject implements Disposable {
  readonly name: string;
  /** By name; those that were loaded. */
  readonly programs: ReadonlyMap<string, Program>;
  /** By name; those that were created. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Global variables, as the programs see them now. */
  readonly variables: LiveVariables;
  /** The object's own types; undefined when it was built without. */
  readonly btf: Btf | undefined;
  readonly #kernel: Kernel;
  readonly #spec: ObjectSpec;
  readonly #structOps: ReadonlyMap<string, Uint8Array>;
  readonly #links = new Set<Link>();
  #closed = false;

  constructor(kernel: Kernel, spec: ObjectSpec, loaded: LoadedObject, autoattach: (name: string) => boolean) {
    this.name = spec.name;
    this.btf = spec.btf;
    this.#kernel = kernel;
    this.#spec = spec;
    this.#structOps = loaded.structOps;
    const maps = new Map<string, BpfMap>();
    for (const [name, map] of loaded.maps) maps.set(name, createMap(kernel, map.spec, map.fd, spec.btf));
    this.maps = maps;
    const owner = {
      maps: (name: string) => maps.get(name),
      btf: spec.btf,
      adopt: (link: Link) => this.#adopt(link),
    };
    this.programs = new Map(
      loaded.programs.map((program) => [program.name, new Program(program, autoattach(program.name), owner)]),
    );
    const sections = new Map(
      [...maps].flatMap(([name, map]) => (map instanceof GlobalDataMap ? [[name, map] as const] : [])),
    );
    this.variables = new LiveVariables(variablePlaces(spec.maps), sections);
    for (const map of maps.values()) {
      if (!(map instanceof RingBuffer)) continue;
      const counter = findLostCounter(map.name, maps.values(), sections.values());
      if (counter !== undefined) map.countLostWith(counter);
    }
  }

  /** Links that are open, in the order in which they were made. */
  get links(): readonly Link[] {
    return [...this.#links].filter((link) => !link.closed);
  }

  /** @throws {NotFoundError} that lists the programs there are */
  program(name: string): Program {
    return this.programs.get(name) ?? notFound("program", name, [...this.programs.keys()]);
  }

  /**
   * A map, as what it is where `family` says so: `HashMap`, `PerCpuArrayMap`, `StackTraceMap`, … The types of keys and values are
   * what the caller knows of them: `skep btf dump --format ts` prints them.
   * @throws {NotFoundError} that lists the maps there are; {InvalidArgumentError} when the map is of another family
   * @example object.map("counts", HashMap<number, bigint>).delete(42)
   */
  map(name: string): BpfMap;
  map<M extends BpfMap>(name: string, family: abstract new (...args: never[]) => M): M;
  map(name: string, family: abstract new (...args: never[]) => BpfMap = BpfMap): BpfMap {
    const map = this.maps.get(name) ?? notFound("map", name, [...this.maps.keys()]);
    if (map instanceof family) return map;
    const { typeName, constructor: actual } = map as BpfMap;
    throw new InvalidArgumentError(
      `map ${name} (${typeName}) is a ${actual.name}, no ${family.name}`,
      `ask for map("${name}", ${actual.name})`,
    );
  }

  /**
   * A map of keys and values, of whatever family: what hashes, arrays and tries have in common. Of `K` and `V` as `map` says.
   * @throws {NotFoundError}; {InvalidArgumentError} when the map is no table
   */
  table<K = BpfValue, V = BpfValue>(name: string): TableMap<K, V> {
    return this.map(name, TableMap<K, V>);
  }

  /** A ring buffer or perf buffer. @throws {NotFoundError}; {InvalidArgumentError} when the map is no buffer */
  buffer(name: string): EventMap {
    return this.map(name, EventMap);
  }

  /**
   * Events of a ring or perf buffer one by one, until `signal` or `close()`. `type` is the struct that the program sends, by its
   * C name; without it events are bytes.
   * @throws {NotFoundError}; {InvalidArgumentError} when the map is no buffer
   * @example for await (const event of object.events<{ pid: number }>("events", { type: "event" })) console.log(event.pid)
   */
  events<T = BpfValue>(buffer: string, options: NamedEventOptions = {}): AsyncGenerator<T, void, undefined> {
    const { type, ...rest } = options;
    return this.buffer(buffer).events<T>(type === undefined ? rest : { ...rest, type: this.eventType(type) });
  }

  /** A struct or union of the object's BTF, to read events as. @throws {NotFoundError} */
  eventType(name: string): EventType {
    const typeId = this.btf?.find(name, BtfKind.Struct, BtfKind.Union);
    if (this.btf !== undefined && typeId !== undefined) return { btf: this.btf, typeId };
    throw new NotFoundError(
      `the object's BTF has no struct ${name}`,
      this.btf === undefined
        ? "compile it with clang -g"
        : "check the name; a struct that only sizeof mentions is not in BTF: declare a pointer to it",
    );
  }

  /**
   * Attaches every program that says where (and was not told otherwise by `autoattach`), and registers struct_ops maps.
   * When one fails, those that this call has attached are detached again.
   * @throws {BpfError} what the first failing hook says
   */
  attach(choice: AttachChoice = {}): readonly Link[] {
    if (this.#closed) throw new ClosedError(`object ${this.name} is closed`, "load it again");
    return undoneOnFailure((undo) => {
      const attached: Link[] = [];
      for (const program of this.programs.values()) {
        const options = typeof choice === "function" ? choice(program) : choice;
        if (options !== undefined && saysWhere(program, options))
          attached.push(undo.keep(program.attach(options)));
      }
      for (const name of this.#structOps.keys()) attached.push(undo.keep(this.#register(name)));
      return attached;
    });
  }

  #register(name: string): Link {
    const map = this.map(name);
    const withLink =
      this.#spec.maps.find((spec) => spec.name === name)?.structOps?.section === ".struct_ops.link";
    const link = attachStructOps(this.#kernel, {
      name,
      fd: map.fd,
      image: this.#structOps.get(name)!,
      withLink,
    });
    this.#adopt(link);
    return link;
  }

  #adopt(link: Link): void {
    // Those that their users closed need no keeping.
    for (const kept of this.#links) if (kept.closed) this.#links.delete(kept);
    this.#links.add(link);
  }

  /** Detaches, unloads, and gives up the maps, all of it even when one link cannot be detached. Harmless when called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const undo = new UndoList();
    for (const map of this.maps.values()) undo.keep(map);
    for (const program of this.programs.values()) undo.keep(program.fd);
    for (const link of this.#links) undo.keep(link);
    this.#links.clear();
    undo.run();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function saysWhere(program: Program, options: AttachOptions): boolean {
  const kind = program.spec.definition?.link;
  if (kind === undefined || kind === "struct_ops" || !program.autoattach) return false;
  return !NEEDS_TARGET.has(kind) || Boolean(options.target ?? program.spec.target);
}

function notFound(what: string, name: string, names: readonly string[]): never {
  throw new NotFoundError(
    `the object has no ${what} ${name}`,
    names.length === 0 ? `it has no ${what}s` : `it has: ${names.join(", ")}`,
  );
}
