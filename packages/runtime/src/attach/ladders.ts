import type { ObjectSpec, ProgramSpec } from "@skep/bpf";
import type { ProgramMeta } from "@skep/package";
import { noteText } from "../shapes/note-text.ts";

/** One way of doing what a ladder is for: its programs are used together. */
export interface Rung {
  readonly name: string;
  /** Names. */
  readonly programs: readonly string[];
  /** What differs from the other rungs. */
  readonly note: string | undefined;
}

/** Several ways of doing the same. The first that the kernel allows is used, and no other. */
export interface Ladder {
  /** The group of `@one-of`; for twins what they do. */
  readonly name: string;
  /** Best first. */
  readonly rungs: readonly Rung[];
  /** The source does not say so, but both at once would see everything twice. */
  readonly guessed: boolean;
}

/**
 * The ladders that a package declares: `@one-of GROUP` (each program a rung of its own) and `@one-of GROUP/RUNG`. Tried in the
 * order of the object, or by the number that the name of a rung begins with (`2-kprobe`).
 */
export function declaredLadders(spec: ObjectSpec, notes: readonly ProgramMeta[]): Ladder[] {
  const groups = new Map<string, Map<string, ProgramSpec[]>>();
  for (const program of spec.programs) {
    const place = groupOf(notes, program.name);
    if (place === undefined) continue;
    const [group = "", rung = program.name] = place.split("/");
    const rungs = groups.get(group) ?? new Map<string, ProgramSpec[]>();
    rungs.set(rung, [...(rungs.get(rung) ?? []), program]);
    groups.set(group, rungs);
  }
  return [...groups].map(([name, rungs]) => ({
    name,
    rungs: [...rungs]
      .map(([rung, programs]) => rungOf(rung, programs, notes))
      .sort((a, b) => rankOf(a.name) - rankOf(b.name)),
    guessed: false,
  }));
}

function groupOf(notes: readonly ProgramMeta[], program: string): string | undefined {
  return noteText(notes.find(({ name }) => name === program)?.["one-of"]);
}

function rungOf(name: string, programs: readonly ProgramSpec[], notes: readonly ProgramMeta[]): Rung {
  const words = programs.map((program) => {
    const note = notes.find((one) => one.name === program.name);
    return noteText(note?.note) ?? noteText(note?.description);
  });
  return {
    name,
    programs: programs.map((program) => program.name),
    note: words.find((text) => text !== undefined),
  };
}

function rankOf(rung: string): number {
  const number = /^\d{1,6}/.exec(rung)?.[0];
  return number === undefined ? Number.POSITIVE_INFINITY : Number(number);
}

/** Ways of seeing the same thing, the better first. */
const TWINS = [
  ["tp_btf", "raw_tp"],
  ["fentry", "kprobe"],
] as const;
type Family = (typeof TWINS)[number][number];

/**
 * Programs of packages that do not say so, but do the same thing in two ways: tp_btf and raw_tp of one tracepoint, fentry
 * (fexit) and kprobe (kretprobe) of one function. All twins of two families change places together: they share maps.
 */
export function twinLadders(spec: ObjectSpec, notes: readonly ProgramMeta[]): Ladder[] {
  const candidates = spec.programs.filter(
    ({ autoload, name }) => autoload && groupOf(notes, name) === undefined,
  );
  return TWINS.flatMap(([better, other]): Ladder[] => {
    const [first, second] = [placesOf(candidates, better), placesOf(candidates, other)];
    const shared = [...first.keys()].filter((place) => second.has(place));
    if (shared.length === 0) return [];
    const rung = (family: Family, places: ReadonlyMap<string, readonly ProgramSpec[]>): Rung => ({
      name: family,
      programs: shared.flatMap((place) => (places.get(place) ?? []).map(({ name }) => name)),
      note: undefined,
    });
    const name = shared.map((place) => place.replace(/^(?:entry|exit) /, ""));
    return [
      {
        name: [...new Set(name)].join(", "),
        rungs: [rung(better, first), rung(other, second)],
        guessed: true,
      },
    ];
  });
}

/** Where the programs of a family attach → the programs. */
function placesOf(programs: readonly ProgramSpec[], family: Family): Map<string, ProgramSpec[]> {
  const places = new Map<string, ProgramSpec[]>();
  for (const program of programs) {
    const place = placeOf(program);
    if (place?.family !== family) continue;
    places.set(place.text, [...(places.get(place.text) ?? []), program]);
  }
  return places;
}

function placeOf({
  definition,
  target,
}: ProgramSpec): { readonly family: Family; readonly text: string } | undefined {
  if (target === undefined || target === "") return undefined;
  const prefix = definition?.pattern.replace(/\+$/, "").replace(/\.[sw]$/, "");
  switch (prefix) {
    case "tp_btf":
      return { family: "tp_btf", text: target };
    case "raw_tp":
    case "raw_tracepoint":
      return { family: "raw_tp", text: target };
    case "fentry":
    case "fexit":
      return { family: "fentry", text: `${prefix === "fentry" ? "entry" : "exit"} ${target}` };
    case "kprobe":
    case "kretprobe":
      return { family: "kprobe", text: `${prefix === "kprobe" ? "entry" : "exit"} ${target}` };
    default:
      return undefined;
  }
}
