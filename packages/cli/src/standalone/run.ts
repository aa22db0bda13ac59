import { readArchive, readPackage } from "@skep/package";
import { runPackage } from "@skep/runtime";
import { typesFromArchive } from "../archive-types.ts";
import { start } from "../start.ts";

const OPEN_BRACE = 0x7b;

/** What a standalone program does once it is unpacked. @param program a package, or an archive with types of kernels */
export async function run(name: string, program: Uint8Array, args: readonly string[]): Promise<void> {
  await start(name, async () => {
    const archive = program[0] === OPEN_BRACE ? undefined : await readArchive(program);
    const btf = typesFromArchive(archive, (line) => process.stderr.write(`${name}: ${line}\n`));
    const { exitCode, unread } = await runPackage(archive?.package ?? readPackage(program), {
      name,
      args,
      stdout: process.stdout,
      stderr: process.stderr,
      ...(btf === undefined ? {} : { btf }),
    });
    // A reader that takes nothing would keep the process alive for what it has not taken.
    if (unread > 0) process.exit(exitCode);
    return exitCode;
  });
}
