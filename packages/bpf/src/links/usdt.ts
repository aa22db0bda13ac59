import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { ET_EXEC } from "../elf/constants.ts";
import type { ElfFile } from "../elf/elf-file.ts";
import { InvalidArgumentError, NotFoundError, NotImplementedError, UnsupportedError } from "../errors.ts";
import { findBinary } from "../linux/binary-path.ts";
import { mappedAddress } from "../linux/mapped-binaries.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import { BPF_TRACE_UPROBE_MULTI } from "../spec/program-types.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachableMap, type AttachOptions, cookieOf, pidOf, requiredTarget } from "./options.ts";
import { hasPerfLinks } from "./perf-attach.ts";
import { type UndoList, undoneOnFailure } from "./undo-list.ts";
import { attachUserProbe } from "./uprobe.ts";
import { linkUserProbes } from "./uprobe-multi.ts";
import { readBinary } from "./uprobe-target.ts";
import { parseUsdtArguments } from "./usdt-arguments.ts";
import { type UsdtNote, type UsdtSite, usdtNotes, usdtSite } from "./usdt-notes.ts";
import { encodeUsdtSpec, USDT_SPEC_BYTES } from "./usdt-spec.ts";
import { specIdsOf } from "./usdt-spec-ids.ts";

const SPECS_MAP = "__bpf_usdt_specs";
const PLACES_MAP = "__bpf_usdt_ip_to_spec_id";

interface UsdtAttempt {
  readonly program: LoadedProgram;
  readonly options: AttachOptions;
  readonly path: string;
  readonly elf: ElfFile;
  readonly sites: readonly UsdtSite[];
  readonly pid: number | undefined;
  readonly description: string;
}

/**
 * A probe that a program's authors put into it, `path:provider:name`, at every place where it was compiled in. Arguments are read
 * with `bpf_usdt_arg()` of libbpf's usdt.bpf.h, whose maps are found through `options.maps`.
 * @kernel 4.20 (semaphores); for shared libraries of all processes 5.15
 * @throws {NotFoundError} when the binary has no such probe, with similar names
 */
export function attachUsdt(program: LoadedProgram, options: AttachOptions): Link {
  const target = parseTarget(requiredTarget(program, options, "path:provider:name"));
  const pid = pidOf(options);
  const path = findBinary(target.binary, pid);
  const elf = readBinary(path);
  const sites = findNotes(elf, target, path).map((note) => usdtSite(elf, note));
  const description = `usdt ${path}:${target.provider}:${target.name}${pid === undefined ? "" : ` of process ${pid}`}`;
  const attempt = { program, options, path, elf, sites, pid, description };
  return undoneOnFailure((undo) => attachSites(attempt, undo));
}

interface UsdtTarget {
  readonly binary: string;
  readonly provider: string;
  readonly name: string;
}

function parseTarget(target: string): UsdtTarget {
  const [, binary = "", provider = "", name = ""] = /^(.+):([^:]+):([^:]+)$/.exec(target) ?? [];
  if (binary === "") {
    throw new InvalidArgumentError(
      `usdt target "${target}" is not of the form path:provider:name`,
      'name a binary and a probe, such as "libjvm.so:hotspot:gc__begin"',
    );
  }
  return { binary, provider, name };
}

function findNotes(elf: ElfFile, { provider, name }: UsdtTarget, path: string): readonly UsdtNote[] {
  const notes = usdtNotes(elf);
  const found = notes.filter((note) => note.provider === provider && note.name === name);
  if (found.length > 0) return found;
  if (notes.length === 0)
    throw new NotFoundError(`${path} has no USDT probes`, "readelf -n shows a binary's probes (stapsdt)");
  const names = notes.map((note) => `${note.provider}:${note.name}`);
  const next = suggestion(`${provider}:${name}`, names, `readelf -n ${path} lists its probes`);
  throw new NotFoundError(`${path} has no USDT probe ${provider}:${name}`, next);
}

function attachSites(attempt: UsdtAttempt, undo: UndoList): Link {
  const { program, path, sites, pid, description } = attempt;
  const ids = writeSpecs(attempt, undo);
  const cookies = cookiesOf(attempt, ids, undo);
  if (program.attachType === BPF_TRACE_UPROBE_MULTI) {
    const offsets = sites.map((site) => site.offset);
    const semaphores = sites.map((site) => site.semaphore ?? 0);
    const link = undo.keep(
      linkUserProbes("usdt", program, { path, offsets, pid, cookies, semaphores, description }),
    );
    return new AttachedLink("usdt", description, undo.run, link.fd);
  }
  const fds = sites.map(({ offset, semaphore }, index) => {
    const counter = semaphore === undefined ? {} : { semaphore };
    const probe = { path, offset, isReturn: false, pid, ...counter };
    return attachUserProbe({ kind: "usdt", program, probe, description, cookie: cookies?.[index] }, undo);
  });
  return new AttachedLink("usdt", description, undo.run, fds.length === 1 ? fds[0] : undefined);
}

/** Tells the program where each site's arguments are. The slot of each site; undefined for a program that reads none. */
function writeSpecs(attempt: UsdtAttempt, undo: UndoList): readonly number[] | undefined {
  const map = attempt.options.maps?.(SPECS_MAP);
  if (map === undefined) return undefined;
  if (map.valueSize !== USDT_SPEC_BYTES) {
    throw new NotImplementedError(
      `map ${SPECS_MAP} has values of ${map.valueSize} bytes, not the ${USDT_SPEC_BYTES} of libbpf's usdt.bpf.h`,
      "compile the program with usdt.bpf.h of libbpf 0.8 or newer",
    );
  }
  return attempt.sites.map((site) => writeSpec(attempt, site, map, undo));
}

function writeSpec(attempt: UsdtAttempt, site: UsdtSite, map: AttachableMap, undo: UndoList): number {
  const { kernel } = attempt.program;
  const record = encodeUsdtSpec(
    parseUsdtArguments(site.argumentText, kernel.machine),
    cookieOf(attempt.options) ?? 0n,
    {
      scaledIndex: knowsScaledIndex(attempt.options.btf),
      addressFromProbe: (symbol) => BigInt(variableAddress(attempt.elf, symbol) - site.address),
    },
  );
  const pool = specIdsOf(map.fd);
  const content = Buffer.from(record).toString("latin1");
  const { id, isNew } = pool.take(content, map.maxEntries);
  undo.add(() => pool.release(content));
  if (isNew) kernel.bpf.mapUpdate(map.fd, uint32(id), record);
  return id;
}

/** Since libbpf 1.7 the record has a member for the index register. */
function knowsScaledIndex(btf: Btf | undefined): boolean {
  return (btf?.idsOf("__bpf_usdt_arg_spec", BtfKind.Struct) ?? []).some((id) => {
    const type = btf?.type(id);
    return type?.kind === BtfKind.Struct && type.members.some((member) => member.name === "idx_reg_off");
  });
}

function variableAddress(elf: ElfFile, name: string): number {
  for (const table of [elf.dynamicSymbols, elf.symbols]) {
    for (const index of table.indexesOf(name)) {
      const symbol = table.at(index);
      if (symbol.sectionIndex !== 0 && symbol.value !== 0) return symbol.value;
    }
  }
  throw new NotImplementedError(
    `a USDT argument is in variable ${name}, which the binary has no symbol for`,
    "use a build with symbols, or another probe",
  );
}

/**
 * What makes a hit find its record: the cookie, where the kernel has cookies, else the place's address, for which there is
 * a map. A program that reads no arguments gets the caller's cookie as it is.
 */
function cookiesOf(
  attempt: UsdtAttempt,
  ids: readonly number[] | undefined,
  undo: UndoList,
): readonly bigint[] | undefined {
  if (ids === undefined) {
    const cookie = cookieOf(attempt.options);
    return cookie === undefined ? undefined : attempt.sites.map(() => cookie);
  }
  if (hasPerfLinks(attempt.program)) return ids.map(BigInt);
  writePlaces(attempt, ids, undo);
  return undefined;
}

function writePlaces(attempt: UsdtAttempt, ids: readonly number[], undo: UndoList): void {
  const map = attempt.options.maps?.(PLACES_MAP);
  if (map === undefined) {
    throw new NotFoundError(`the program has no map ${PLACES_MAP}`, "compile it with usdt.bpf.h of libbpf");
  }
  const { bpf } = attempt.program.kernel;
  attempt.sites.forEach((site, index) => {
    const key = uint64(addressInProcess(attempt, site));
    bpf.mapUpdate(map.fd, key, uint32(ids[index] ?? 0));
    undo.add(() => void bpf.mapDelete(map.fd, key));
  });
}

function addressInProcess({ elf, path, pid }: UsdtAttempt, site: UsdtSite): bigint {
  if (elf.header.type === ET_EXEC) return BigInt(site.address);
  if (pid === undefined) {
    throw new UnsupportedError(
      `USDT probes of ${path} in all processes need Linux 5.15: where it is mapped differs from process to process`,
      "pass the pid of one process",
    );
  }
  const address = mappedAddress(pid, path, BigInt(site.offset));
  if (address === undefined)
    throw new NotFoundError(
      `process ${pid} has not mapped ${path}`,
      "pass the pid of a process that uses it",
    );
  return address;
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function uint64(value: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}
