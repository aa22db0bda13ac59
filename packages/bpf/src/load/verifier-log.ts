/** A verifier log, read for what a person wants to know. */
export interface LogReading {
  /** The verifier's complaint: its last words, without the figures and states behind them. */
  readonly complaint: string;
  /** Index of the instruction it was looking at, when it says. */
  readonly insn: number | undefined;
  /** The lines that matter: source line, instruction, registers, complaint. */
  readonly telling: readonly string[];
}

/** Figures, and the states behind "infinite loop detected". */
const AFTERWORDS =
  /^(processed \d+ insns|verification time|stack depth|max_states|total_states|peak_states|mark_read|insns_processed|Live regs|(cur|old) state:|\(\d+ line\(s\) omitted\))/;
const INSTRUCTION = /^(\d+): (?:R\d.*?)?\([0-9a-f]{2}\) /;
const TELLING_LINES = 6;

/** Finds the complaint at the end of a log. Undefined for an empty log. */
export function readVerifierLog(log: string): LogReading | undefined {
  const lines = log
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !AFTERWORDS.test(line));
  const complaint = lines.at(-1);
  if (complaint === undefined) return undefined;
  const at = lines.findLastIndex((line) => INSTRUCTION.test(line));
  const insn = at < 0 ? undefined : Number(INSTRUCTION.exec(lines[at]!)![1]);
  const source = lines.findLastIndex((line, index) => index <= at && line.startsWith("; "));
  const from = Math.max(0, Math.min(at < 0 ? lines.length - 1 : at, lines.length - TELLING_LINES));
  const tail = lines.slice(Math.max(from, lines.length - TELLING_LINES));
  const telling = source >= 0 && source < lines.length - tail.length ? [lines[source]!, ...tail] : tail;
  return { complaint, insn, telling };
}
