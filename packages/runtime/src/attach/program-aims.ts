import type { ProgramSpec } from "@skep/bpf";
import { isUprobe } from "../arguments/abilities.ts";
import { UsageError } from "../usage-error.ts";

/** Where one program goes, when several of an object leave it open. */
export interface ProgramAim {
  readonly binary?: string;
  readonly function?: string;
  readonly usdt?: string;
}

/** `--at PROGRAM=TARGET`, by program. @throws {UsageError} */
export function programAims(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [, program, target] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (program !== undefined && target !== undefined) return [program, target];
      throw new UsageError(
        `--at: ${JSON.stringify(text)} is not of the form PROGRAM=TARGET`,
        "write --at malloc_enter=libc.so.6:malloc",
      );
    }),
  );
}

/**
 * What a target means for a kind of program: `[BINARY:]FUNCTION` of uprobes, `[BINARY:]PROVIDER:NAME` of USDT probes, a function
 * of the kernel for others.
 * @throws {UsageError}
 */
export function readProgramAim({ definition, name }: ProgramSpec, target: string): ProgramAim {
  if (definition?.link === "usdt") {
    const [, binary, usdt = ""] = /^(?:(.+):)?([^:]+:[^:]+)$/.exec(target) ?? [];
    if (usdt !== "") return { usdt, ...(binary === undefined ? {} : { binary }) };
    throw new UsageError(
      `--at ${name}: ${JSON.stringify(target)} names no USDT probe`,
      "write [BINARY:]PROVIDER:NAME",
    );
  }
  const colon = isUprobe(definition?.link) ? target.lastIndexOf(":") : -1;
  if (colon < 0) return { function: target };
  return { binary: target.slice(0, colon), function: target.slice(colon + 1) };
}

/** The programs that the command line speaks of are in the object. @throws {UsageError} */
export function checkPrograms(option: string, names: Iterable<string>, known: Iterable<string>): void {
  const programs = new Set(known);
  for (const name of names)
    if (!programs.has(name))
      throw new UsageError(
        `--${option}: there is no program ${JSON.stringify(name)}`,
        `the programs are ${[...programs].join(", ")}`,
      );
}
