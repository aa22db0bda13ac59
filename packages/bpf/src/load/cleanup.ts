/** Closes in reverse what a half-finished piece of work has opened, unless it is kept in the end. */
export class Cleanup implements Disposable {
  readonly #opened: Disposable[] = [];

  add<T extends Disposable>(resource: T): T {
    this.#opened.push(resource);
    return resource;
  }

  /** The work is done: what was added now belongs to somebody else. */
  keep(): void {
    this.#opened.length = 0;
  }

  [Symbol.dispose](): void {
    for (let last = this.#opened.pop(); last !== undefined; last = this.#opened.pop()) last[Symbol.dispose]();
  }
}
