/**
 * The prebuilt packages of the bundled tools live at the top of the repository. While npm packs this package, they are in it:
 * `prepack` copies them (argument `copy`), `postpack` takes them out again (`remove`).
 */
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const from = fileURLToPath(new URL("../../../tools", import.meta.url));
const to = fileURLToPath(new URL("../tools", import.meta.url));

rmSync(to, { recursive: true, force: true });
if (process.argv[2] === "copy")
  for (const name of readdirSync(from))
    for (const file of ["package.json", "README.md"]) {
      const source = join(from, name, file);
      if (existsSync(source)) cpSync(source, join(to, name, file));
    }
