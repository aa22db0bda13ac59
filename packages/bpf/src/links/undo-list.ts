/**
 * What has to be undone, newest first: half of an attachment that failed, or all of it on close. Every step is run even when
 * one throws; the first error is thrown at the end.
 */
export class UndoList {
  #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Keeps a disposable until {@link run}. */
  keep<T extends { close(): void }>(resource: T): T {
    this.add(() => resource.close());
    return resource;
  }

  readonly run = (): void => {
    let failure: { readonly error: unknown } | undefined;
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  };
}

/** Runs `build`; when it throws, everything it put on the list is undone first. */
export function undoneOnFailure<T>(build: (undo: UndoList) => T): T {
  const undo = new UndoList();
  try {
    return build(undo);
  } catch (error) {
    try {
      undo.run();
    } catch {
      // The reason why attaching failed matters more than a failed clean-up after it.
    }
    throw error;
  }
}
