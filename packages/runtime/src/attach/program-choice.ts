import { type BpfError, NotFoundError, RelocationError, UnsupportedError } from "@skep/bpf";
import type { Ladder, Rung } from "./ladders.ts";

/** A ladder and where on it we stand. */
interface Place {
  readonly ladder: Ladder;
  index: number;
  /** Why the rungs before are not used: `fentry: this kernel has none`. */
  readonly passed: string[];
}

/** Tells why a program cannot run here, as far as that can be known before it is loaded: `this kernel has no kprobes`. */
export type FindObstacle = (program: string) => string | undefined;
/** Loads programs without the others, to see what is wrong with them; undefined when nothing is. */
export type TryLoading = (programs: readonly string[]) => unknown;

/**
 * Which programs of an object are used on this kernel: of each ladder one rung, of the optional ones those that it can run.
 * The others are not even loaded.
 */
export class ProgramChoice {
  readonly #places: readonly Place[];
  readonly #optional: ReadonlySet<string>;
  readonly #excluded: ReadonlySet<string>;
  readonly #leftOut = new Map<string, string>();

  /**
   * @param excluded programs of rungs that nobody wants
   * @throws {UnsupportedError} when a ladder has no rung that this kernel allows
   */
  constructor(
    ladders: readonly Ladder[],
    optional: ReadonlySet<string>,
    obstacle: FindObstacle,
    excluded: ReadonlySet<string> = new Set(),
  ) {
    this.#optional = optional;
    this.#excluded = excluded;
    this.#places = ladders.map((ladder) => ({ ladder, index: 0, passed: [] }));
    for (const place of this.#places)
      for (let why = obstacleTo(rungOf(place), obstacle); why !== undefined; )
        why = this.#pass(place, why) ? obstacleTo(rungOf(place), obstacle) : undefined;
    for (const program of optional) {
      const why = this.#isOnLadder(program) ? undefined : obstacle(program);
      if (why !== undefined) this.#leftOut.set(program, why);
    }
  }

  /** What a program's wish for loading becomes; `undefined` for programs that nobody chooses about. */
  wants(program: string): boolean | undefined {
    if (this.#leftOut.has(program) || this.#excluded.has(program)) return false;
    const place = this.#places.find(({ ladder }) =>
      ladder.rungs.some((rung) => rung.programs.includes(program)),
    );
    return place === undefined ? undefined : rungOf(place).programs.includes(program);
  }

  /** Optional programs that are left out → why. */
  get leftOut(): ReadonlyMap<string, string> {
    return this.#leftOut;
  }

  /** The rung in use of each ladder, and why not those before. */
  get rungs(): readonly {
    readonly ladder: Ladder;
    readonly rung: Rung;
    readonly passed: readonly string[];
  }[] {
    return this.#places.map((place) => ({ ladder: place.ladder, rung: rungOf(place), passed: place.passed }));
  }

  /**
   * Takes the next rung where the kernel lacks what the present one needs, and leaves out an optional program. Other errors
   * are mistakes, which another rung would only hide.
   * @param culprit the program that was being attached; undefined when loading failed
   * @returns whether there is something else to try
   * @throws {UnsupportedError} when a ladder has no further rung
   */
  fallBack(error: unknown, culprit: string | undefined, tryLoading: TryLoading): boolean {
    if (!isLacking(error)) return false;
    if (culprit !== undefined) return this.#drop(culprit, error);
    // Which program of the object was it? Each one on its own tells.
    for (const place of this.#places) {
      const alone = tryLoading(rungOf(place).programs);
      if (isLacking(alone)) return this.#pass(place, alone.message, alone);
    }
    for (const program of this.#optional) {
      const alone = this.wants(program) === undefined ? tryLoading([program]) : undefined;
      if (isLacking(alone)) return this.#drop(program, alone);
    }
    return false;
  }

  #drop(program: string, error: BpfError): boolean {
    if (this.#optional.has(program)) {
      this.#leftOut.set(program, error.message);
      return true;
    }
    const place = this.#places.find((candidate) => rungOf(candidate).programs.includes(program));
    return place !== undefined && this.#pass(place, error.message, error);
  }

  #pass(place: Place, why: string, cause?: unknown): boolean {
    place.passed.push(`${rungOf(place).name}: ${why}`);
    if (place.index < place.ladder.rungs.length - 1) {
      place.index++;
      return true;
    }
    throw new UnsupportedError(
      `${place.ladder.name} can be done here in none of its ways: ${place.passed.join("; ")}`,
      "see what the kernel has: skep doctor",
      { cause },
    );
  }

  #isOnLadder(program: string): boolean {
    return this.#places.some(({ ladder }) => ladder.rungs.some(({ programs }) => programs.includes(program)));
  }
}

function rungOf({ ladder, index }: Place): Rung {
  return ladder.rungs[index]!;
}

function obstacleTo({ programs }: Rung, obstacle: FindObstacle): string | undefined {
  for (const program of programs) {
    const why = obstacle(program);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The kernel lacks something: the program is right, and would run elsewhere. */
function isLacking(error: unknown): error is BpfError {
  return (
    error instanceof UnsupportedError || error instanceof NotFoundError || error instanceof RelocationError
  );
}

/** One line for each ladder: what is used, and what differs. */
export function choiceLines(choice: ProgramChoice): string[] {
  return choice.rungs.map(({ ladder, rung, passed }) => {
    const note = rung.note === undefined ? "" : ` (${rung.note})`;
    const instead = passed.length === 0 ? "" : `; not ${passed.join("; not ")}`;
    if (!ladder.guessed) return `${ladder.name}: uses ${rung.name}${note}${instead}`;
    const others = ladder.rungs.filter((other) => other !== rung).map(({ name }) => name);
    return passed.length > 0
      ? `${ladder.name}: uses ${rung.name}${instead}`
      : `${ladder.name}: uses ${rung.name} and not ${others.join(", ")}, which would see everything twice (--all-programs)`;
  });
}
