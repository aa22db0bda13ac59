import { MalformedError } from "@skep/bpf";
import { lastNotAfter, Ranges } from "../ranges.ts";
import { readFileNames } from "./file-names.ts";
import { type LineHeader, type LineSections, readLineHeader } from "./line-header.ts";
import { runSequence } from "./line-program.ts";

/** A place in a source. */
export interface SourceLine {
  /** As the compiler or the runtime calls it; not absolute where the file does not say in which folder. */
  readonly file: string;
  readonly line: number;
  /** From 1; undefined where unknown. */
  readonly column: number | undefined;
}

/** Sequences whose rows are kept, and rows of one that are: about 16 MB at most. */
const MOST_KEPT = 16;
const MOST_ROWS = 1 << 18;
const MOST_SEQUENCES = 1 << 21;

interface Sequence {
  readonly starts: Float64Array;
  readonly files: Uint32Array;
  readonly lines: Uint32Array;
  readonly columns: Uint32Array;
  readonly names: readonly string[];
}

/** Where the sequences of all units are: addresses, and for each the unit and the program that make its rows. */
interface Index {
  readonly ranges: Ranges;
  readonly units: Float64Array;
  readonly programs: Float64Array;
}

/**
 * Source lines by address, from .debug_line of versions 2 to 5. At the first question all programs are run once, for what they
 * cover; rows and names of files are made for what is asked about.
 */
export class LineTable {
  readonly #sections: LineSections;
  #index: Index | undefined;
  readonly #kept = new Map<number, Sequence | undefined>();

  constructor(sections: LineSections) {
    this.#sections = sections;
  }

  /** Bytes of memory that the table keeps, what it makes later among them. */
  get bytes(): number {
    return this.#sections.lines.length * 2 + this.#sections.names.length;
  }

  find(address: number): SourceLine | undefined {
    this.#index ??= buildIndex(this.#sections);
    const { ranges } = this.#index;
    const at = ranges.find(address);
    const sequence = at < 0 ? undefined : this.#sequence(this.#index, at);
    if (sequence === undefined) return undefined;
    const row = lastNotAfter(sequence.starts, address);
    const line = sequence.lines[row] ?? 0;
    const file = sequence.names[sequence.files[row] ?? 0] ?? "";
    // Line 0: made by the compiler, from no line at all.
    if (line === 0 || file === "") return undefined;
    return { file, line, column: sequence.columns[row] || undefined };
  }

  #sequence({ units, programs }: Index, at: number): Sequence | undefined {
    const known = this.#kept.get(at);
    const sequence = this.#kept.has(at) ? known : this.#run(units[at] ?? 0, programs[at] ?? 0);
    this.#kept.delete(at);
    this.#kept.set(at, sequence);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return sequence;
  }

  #run(unit: number, program: number): Sequence | undefined {
    const starts: number[] = [];
    const files: number[] = [];
    const lines: number[] = [];
    const columns: number[] = [];
    const { header } = readLineHeader(this.#sections, unit);
    if (header === undefined) return undefined;
    try {
      runSequence(this.#sections, header, program, (row, isEnd) => {
        if (isEnd) return;
        if (starts.length >= MOST_ROWS) throw new MalformedError("too many rows", "");
        starts.push(row.address);
        files.push(row.file);
        lines.push(row.line);
        columns.push(row.column);
      });
      return {
        starts: Float64Array.from(starts),
        files: Uint32Array.from(files),
        lines: Uint32Array.from(lines),
        columns: Uint32Array.from(columns),
        names: readFileNames(this.#sections, header),
      };
    } catch {
      return undefined;
    }
  }
}

function buildIndex(sections: LineSections): Index {
  const found: { start: number; end: number; unit: number; program: number }[] = [];
  try {
    for (let unit = 0; unit < sections.lines.length && found.length < MOST_SEQUENCES; ) {
      const { header, next } = readLineHeader(sections, unit);
      if (header !== undefined) collect(sections, header, (sequence) => found.push({ ...sequence, unit }));
      unit = next;
    }
  } catch {
    // What came before the damage is right.
  }
  found.sort((one, other) => one.start - other.start);
  return {
    ranges: new Ranges(
      Float64Array.from(found, ({ start }) => start),
      Float64Array.from(found, ({ end }) => end),
    ),
    units: Float64Array.from(found, ({ unit }) => unit),
    programs: Float64Array.from(found, ({ program }) => program),
  };
}

/** Functions that the linker dropped are left at address 0, or at the highest. */
function collect(
  sections: LineSections,
  header: LineHeader,
  add: (sequence: { start: number; end: number; program: number }) => void,
): void {
  for (let program: number | undefined = header.program; program !== undefined; ) {
    let start: number | undefined;
    let end = 0;
    const next = runSequence(sections, header, program, ({ address }) => {
      start ??= address;
      end = address;
    });
    if (next !== undefined && start !== undefined && start > 0 && end > start && Number.isSafeInteger(end))
      add({ start, end, program });
    program = next;
  }
}
