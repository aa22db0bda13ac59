import { SHN_UNDEF, STB_WEAK, STT_FUNC, STT_GNU_IFUNC } from "../elf/constants.ts";
import type { ElfFile, ElfSymbol } from "../elf/elf-file.ts";
import { definedFunctions, fileOffsetOf, unversionedName } from "../elf/function-symbols.ts";
import { InvalidArgumentError, MalformedError, NotFoundError, NotImplementedError } from "../errors.ts";
import { suggestion } from "../near-names.ts";
import { symbolVersions } from "./symbol-versions.ts";

interface Candidate {
  readonly symbol: ElfSymbol;
  readonly version: string | undefined;
  /** Lower is better. */
  readonly rank: number;
}

/**
 * The file offset of a function of a binary, for a uprobe: what `.dynsym` and `.symtab` define under that name, strong before weak, the
 * default version before older ones. `name@VERSION` (or `name@@VERSION`) asks for one version. `file` is for messages.
 * @throws {NotFoundError} with similar names; {InvalidArgumentError} when several functions bear the name
 */
export function symbolOffset(elf: ElfFile, wanted: string, file: string): number {
  const candidates = findCandidates(elf, wanted);
  const best = candidates.filter((candidate) => candidate.rank === candidates[0]?.rank);
  const addresses = new Set(best.map((candidate) => candidate.symbol.value));
  const symbol = best[0]?.symbol;
  if (symbol === undefined) throw missingSymbol(elf, wanted, file);
  if (symbol.type === STT_GNU_IFUNC) throw chosenAtRunTime(wanted, file);
  if (addresses.size > 1) throw ambiguous(wanted, file, best);
  const offset = fileOffsetOf(elf, symbol.value);
  if (offset === undefined) {
    const address = `0x${symbol.value.toString(16)}`;
    throw new MalformedError(
      `symbol ${wanted} of ${file} is at ${address}, which no segment holds`,
      "rebuild the binary",
    );
  }
  return offset;
}

function findCandidates(elf: ElfFile, wanted: string): readonly Candidate[] {
  const name = unversionedName(wanted);
  const version = /@{1,2}(.+)$/.exec(wanted)?.[1];
  const found = [...dynamicCandidates(elf, name), ...staticCandidates(elf, name)];
  const matching = version === undefined ? found : found.filter((candidate) => candidate.version === version);
  return matching.sort((a, b) => a.rank - b.rank);
}

function dynamicCandidates(elf: ElfFile, name: string): readonly Candidate[] {
  const table = elf.dynamicSymbols;
  const versions = symbolVersions(elf);
  return definitions(table.indexesOf(name).map((index) => table.at(index))).map((symbol) => {
    const old = versions?.isDefault(symbol.index) === false;
    return { symbol, version: versions?.nameOf(symbol.index), rank: weakness(symbol) + (old ? 2 : 0) };
  });
}

/** `.symtab` writes versions into the name: `memcpy@@GLIBC_2.14`, with one @ where it is not the default. */
function staticCandidates(elf: ElfFile, name: string): readonly Candidate[] {
  const table = elf.symbols;
  return definitions(table.indexesOf(name).map((index) => table.at(index))).map((symbol) => {
    const [, at, version] = /(@{1,2})(.+)$/.exec(symbol.name) ?? [];
    return { symbol, version, rank: weakness(symbol) + (at === "@" ? 2 : 0) };
  });
}

function definitions(symbols: readonly ElfSymbol[]): readonly ElfSymbol[] {
  return symbols.filter(
    ({ type, sectionIndex, value }) =>
      (type === STT_FUNC || type === STT_GNU_IFUNC) && sectionIndex !== SHN_UNDEF && value !== 0,
  );
}

function weakness(symbol: ElfSymbol): number {
  return symbol.binding === STB_WEAK ? 1 : 0;
}

function ambiguous(wanted: string, file: string, best: readonly Candidate[]): InvalidArgumentError {
  const places = [...new Set(best.map((candidate) => `0x${candidate.symbol.value.toString(16)}`))];
  return new InvalidArgumentError(
    `${file} has ${places.length} functions called ${wanted}, at ${places.join(", ")}`,
    'pass the file offset of the one you mean, as "path:0xoffset"',
  );
}

/** Its address is that of the function that chooses: a probe there would count choices, not calls. */
function chosenAtRunTime(wanted: string, file: string): NotImplementedError {
  return new NotImplementedError(
    `${wanted} of ${file} is an IFUNC: which function it stands for is chosen when a process starts`,
    "probe one of the implementations, for example __memcpy_avx_unaligned_erms for memcpy",
  );
}

function missingSymbol(elf: ElfFile, wanted: string, file: string): NotFoundError {
  const functions = definedFunctions(elf).map((entry) => entry.name);
  const otherwise =
    functions.length === 0
      ? "it is stripped: pass the file offset of the function as path:0xoffset, or use a build with symbols"
      : "it may be inlined or stripped: nm -D and nm list what there is";
  return new NotFoundError(
    `${file} has no function ${wanted}`,
    suggestion(unversionedName(wanted), functions, otherwise),
  );
}
