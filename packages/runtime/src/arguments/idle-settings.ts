import { type FlagValue, parseFlagValue } from "./flag-value.ts";
import type { Flag } from "./flags.ts";

/** What was set and changes nothing: one line for each constant that the compiler has put into the code. */
export function idleSettings(
  globals: readonly Flag[],
  variables: ReadonlyMap<string, FlagValue>,
): readonly string[] {
  return globals
    .filter(({ live, variable }) => !live && variables.has(variable))
    .filter((flag) => variables.get(flag.variable) !== packagesOwn(flag))
    .map(
      ({ variable }) =>
        `setting ${variable} changes nothing: the compiler has put this constant into the code (const volatile in the source keeps it out)`,
    );
}

function packagesOwn(flag: Flag): FlagValue | undefined {
  return flag.override === undefined ? undefined : parseFlagValue(flag, flag.override);
}
