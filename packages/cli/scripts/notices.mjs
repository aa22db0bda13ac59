import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The licences of what others wrote and our files have in them, which is what those licences ask for.
 * @param {Iterable<string>} files what went in, as esbuild's metafile lists it; our own sources are passed over
 * @param {string} root what these paths are relative to
 */
export function noticesOf(files, root) {
  const packages = new Set();
  for (const file of files) {
    const [, directory] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
    if (directory !== undefined) packages.add(join(root, directory));
  }
  return [...packages]
    .sort()
    .map(noticeOf)
    .join(`\n${"-".repeat(80)}\n\n`);
}

function noticeOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const texts = readdirSync(directory)
    .filter((file) => /^(licen[cs]e|notice)(?!.*\.csv$)/i.test(file))
    .map((file) => readFileSync(join(directory, file), "utf8").trim());
  return [`${name} ${version}: ${license}`, ...texts].join("\n\n").concat("\n");
}
