import { createWriteStream, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { isTerminal } from "../output/is-terminal.ts";
import { UsageError } from "../usage-error.ts";
import type { OwnValues } from "./own-options.ts";
import type { ShowOptions } from "./show-options.ts";

/**
 * The file of `--output-file`; undefined for standard output. It is opened before anything else happens, so that a run is not
 * for nothing.
 * @throws {UsageError} when it cannot be written, or when a picture would go to a terminal
 */
export function outputFile(
  own: OwnValues,
  { document, draw }: Pick<ShowOptions, "document" | "draw">,
  stdout: Writable,
): Writable | undefined {
  const path = own.get("output-file");
  if (path === undefined) {
    const isPicture = document !== undefined || draw !== undefined;
    if (!isPicture || !isTerminal(stdout)) return undefined;
    throw new UsageError(`--output ${own.get("output")} is nothing for a terminal`, "add --output-file FILE");
  }
  try {
    return createWriteStream(path, { fd: openSync(path, "w") });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new UsageError(`--output-file: ${path} cannot be written (${code})`, "choose another file");
  }
}
