/** Told what went wrong in a call that the guest sees fail with a mere number. */
export type OnProblem = (call: string, error: unknown) => void;
