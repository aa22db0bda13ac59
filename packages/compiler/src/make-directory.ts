import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * A directory, with what is missing above it. Node's own `recursive` never ends below /proc, where nothing can be made and the
 * answer is ENOENT.
 */
export async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  if (dirname(path) !== path) await makeDirectory(dirname(path));
  await mkdir(path).catch(async (error: unknown) => {
    // Another compiler may have been quicker.
    if (!(await isDirectory(path))) throw error;
  });
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
