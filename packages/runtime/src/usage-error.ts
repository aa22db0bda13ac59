/** The command line asks for something that does not exist or does not fit. Exit code 64 (EX_USAGE, sysexits.h). */
export class UsageError extends Error {
  readonly code = "ERR_SKEP_USAGE";
  /** One imperative sentence. */
  readonly next: string;

  constructor(message: string, next = "") {
    super(message);
    this.name = "UsageError";
    this.next = next;
  }
}
