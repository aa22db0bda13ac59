import { NotFoundError } from "../errors.ts";
import { type Files, hostFiles } from "./files.ts";
import { readTextIfExists } from "./read-file.ts";

/** The number of a network interface in this process's network namespace. @throws {NotFoundError} */
export function interfaceIndex(name: string, files: Files = hostFiles): number {
  const text =
    /^[^/\s]{1,15}$/.test(name) && name !== "." && name !== ".."
      ? readTextIfExists(files, `/sys/class/net/${name}/ifindex`)
      : undefined;
  if (text === undefined)
    throw new NotFoundError(`there is no network interface "${name}"`, "list them: ip link");
  return Number(text);
}
