import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type InputKind, kindOfInput } from "@skep/package";
import { UsageError } from "@skep/runtime";
import { Command } from "commander";
import { pullFromRegistry } from "../registry.ts";
import { type AccessFlags, access, addAccessOptions, WHO } from "./registry-options.ts";

interface Flags extends AccessFlags {
  readonly output?: string;
}

/** `skep pull` and `ecli pull`. */
export function pullCommand(program: string): Command {
  const command = new Command(`${program} pull`)
    .usage("[OPTIONS] IMAGE")
    .description("Fetch a package, a Wasm module or an object from an OCI registry.")
    .argument("<image>", "HOST/NAME:TAG or HOST/NAME@sha256:DIGEST")
    .option(
      "-o, --output <file>",
      "where to write it; - is standard output (default: app.wasm, package.json, …)",
    )
    .addHelpText(
      "after",
      `
${WHO}

Examples:
  ${program} pull ghcr.io/owner/opensnoop:1.0
  ${program} pull -o - localhost:5000/opensnoop | skep run -`,
    )
    .action(async (image: string, flags: Flags) => {
      await pull(image, flags);
    });
  return addAccessOptions(command);
}

async function pull(image: string, flags: Flags): Promise<void> {
  const { bytes, digest } = await pullFromRegistry(image, await access(flags));
  if (flags.output === "-") {
    process.stdout.write(bytes);
    return;
  }
  const file = flags.output ?? freeName(bytes);
  writeFileSync(file, bytes);
  process.stderr.write(`pulled ${image} (${digest}) to ${file}\n`);
}

const NAMES: Readonly<Record<InputKind, string>> = {
  wasm: "app.wasm",
  json: "package.json",
  yaml: "package.yaml",
  tar: "package.tar",
  gzip: "package.tar.gz",
  object: "program.bpf.o",
  source: "program.bpf.c",
};

/** What upstream or ecc calls such a file; never one that is there already with other contents. */
function freeName(bytes: Uint8Array): string {
  const name = NAMES[kindOfInput(bytes) ?? "json"];
  if (existsSync(name) && Buffer.compare(readFileSync(name), bytes) !== 0)
    throw new UsageError(`there is another ${name} here`, "say where to write: -o FILE");
  return name;
}
