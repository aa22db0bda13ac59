import { existsSync } from "node:fs";
import { basename } from "node:path";
import { gunzip, kindOfInput, readInput } from "@skep/package";
import { buildArtifact, parseReference, pushArtifact, referenceText } from "@skep/package/distribution";
import { UsageError } from "@skep/runtime";
import { Command } from "commander";
import { readInputFile } from "../read-input-file.ts";
import { registryOptions } from "../registry.ts";
import { type AccessFlags, access, addAccessOptions, WHO } from "./registry-options.ts";

interface Flags extends AccessFlags {
  readonly module?: string;
  readonly annotations?: readonly string[];
}

const MAX_UNZIPPED_BYTES = 512 * 1024 * 1024;

/** `skep push` and `ecli push`. */
export function pushCommand(program: string): Command {
  const command = new Command(`${program} push`)
    .usage("[OPTIONS] [FILE] IMAGE")
    .description("Send a package (JSON, YAML or tar), a Wasm module or an object to an OCI registry.")
    .argument(
      "<image...>",
      "the file, then where to: HOST/NAME:TAG. Without a file: app.wasm, else package.json",
    )
    .option("-m, --module <file>", "the file to send")
    .option("-a, --annotations <key=value>", "annotate the manifest, repeatable", collect)
    .addHelpText(
      "after",
      `
${WHO}

Examples:
  ${program} push package.json ghcr.io/owner/opensnoop:1.0
  ${program} push -m app.wasm -u owner -p "$TOKEN" ghcr.io/owner/app:latest
  ${program} push package.json localhost:5000/opensnoop`,
    )
    .action(async (names: readonly string[], flags: Flags) => {
      process.stdout.write(`${await push(names, flags)}\n`);
    });
  return addAccessOptions(command);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** @returns the reference by digest, for pinning */
async function push(names: readonly string[], flags: Flags): Promise<string> {
  const image = names.at(-1) ?? "";
  if (names.length > 2 || (names.length === 2 && flags.module !== undefined))
    throw new UsageError("more than one file and one image are given", "write: skep push FILE IMAGE");
  const reference = parseReference(image);
  const file = flags.module ?? (names.length === 2 ? (names[0] ?? "") : defaultFile());
  const read = readInputFile(file);
  const bytes = kindOfInput(read) === "gzip" ? gunzip(read, file, MAX_UNZIPPED_BYTES) : read;
  const artifact = buildArtifact(await readInput(bytes, file), bytes, {
    title: basename(file),
    annotations: Object.fromEntries((flags.annotations ?? []).map(annotation)),
  });
  const options = registryOptions(reference.registry, await access(flags));
  const digest = await pushArtifact(artifact, reference, options);
  process.stderr.write(`pushed ${file} as ${referenceText(reference)}\n`);
  return referenceText({ ...reference, digest });
}

/** As upstream, which only knows modules; then what ecc writes. */
function defaultFile(): string {
  const found = ["app.wasm", "package.json"].find((name) => existsSync(name));
  if (found !== undefined) return found;
  throw new UsageError(
    "there is neither app.wasm nor package.json here",
    "name the file: skep push FILE IMAGE",
  );
}

function annotation(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new UsageError(`-a ${text} is no annotation`, "write -a KEY=VALUE");
  return [text.slice(0, equals), text.slice(equals + 1)];
}
