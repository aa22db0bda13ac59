import { syscallError } from "../../src/linux/errno.ts";
import { type Files, hostFiles } from "../../src/linux/files.ts";

/** What a test says about a path: a text, the errno of everything that is tried with it, or nothing of its own. */
export type Said = string | number | undefined;

/** The real files, except those of which the test says something else. */
export function filesWith(say: (path: string) => Said): Files {
  const text = (path: string): string | undefined => {
    const said = say(path);
    if (typeof said === "number") throw syscallError("open", said, path);
    return said;
  };
  const unlessSaid =
    <A extends readonly unknown[], R>(real: (path: string, ...args: A) => R) =>
    (path: string, ...args: A): R => {
      text(path);
      return real(path, ...args);
    };
  return {
    read(path) {
      const said = text(path);
      return said === undefined ? hostFiles.read(path) : Buffer.from(said);
    },
    exists: (path) => (say(path) === undefined ? hostFiles.exists(path) : typeof say(path) === "string"),
    list: unlessSaid(hostFiles.list),
    append: unlessSaid(hostFiles.append),
    remove: unlessSaid(hostFiles.remove),
    open: unlessSaid(hostFiles.open),
  };
}
