import { didYouMean } from "../arguments/near-option.ts";
import { UsageError } from "../usage-error.ts";
import type { Ladder } from "./ladders.ts";

/**
 * The ladders without the rungs that the command line does not want: `--rung connect/kprobe`, or `--rung kprobe` for whichever
 * ladders have such a rung.
 * @throws {UsageError} when there is no such ladder or rung
 */
export function chosenRungs(ladders: readonly Ladder[], wishes: readonly string[]): readonly Ladder[] {
  return wishes.reduce<readonly Ladder[]>((rest, wish) => {
    const slash = wish.indexOf("/");
    const [group, name] = slash < 0 ? [undefined, wish] : [wish.slice(0, slash), wish.slice(slash + 1)];
    const isMeant = (ladder: Ladder) =>
      (group === undefined || ladder.name === group) && ladder.rungs.some((rung) => rung.name === name);
    if (!rest.some(isMeant)) throw unknown(wish, ladders);
    return rest.map((ladder) =>
      isMeant(ladder) ? { ...ladder, rungs: ladder.rungs.filter((rung) => rung.name === name) } : ladder,
    );
  }, ladders);
}

function unknown(wish: string, ladders: readonly Ladder[]): UsageError {
  const names = ladders.flatMap(({ name, rungs }) => rungs.map((rung) => `${name}/${rung.name}`));
  return new UsageError(
    `--rung: there is no ${wish} among the ways that the program knows`,
    didYouMean(wish, names) ?? `give ${names.join(", ")}`,
  );
}
