/** The positive errno of an error from node:fs; 0 when it is something else. */
export function errnoOf(error: unknown): number {
  const errno = (error as NodeJS.ErrnoException).errno;
  return typeof errno === "number" ? Math.abs(errno) : 0;
}
