/** A `UsageError`, loaded when it is needed: `--help` should not wait for the library. */
export async function usageError(message: string, next: string): Promise<Error> {
  const { UsageError } = await import("@skep/runtime");
  return new UsageError(message, next);
}
