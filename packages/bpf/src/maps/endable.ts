/**
 * Lets `return()` and `throw()` end a generator at once: `end` is to make it stop waiting. By itself a generator that waits hears of
 * them only when its wait is over, which for events may be never: a stream of them (`Readable.from`) could not be destroyed.
 */
export function endable<T>(
  generator: AsyncGenerator<T, void, undefined>,
  end: () => void,
): AsyncGenerator<T, void, undefined> {
  const [finish, fail] = [generator.return.bind(generator), generator.throw.bind(generator)];
  generator.return = (value) => {
    end();
    return finish(value);
  };
  generator.throw = (error) => {
    end();
    return fail(error);
  };
  return generator;
}
