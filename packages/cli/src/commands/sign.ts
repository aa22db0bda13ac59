import { readInput, writePackage } from "@skep/package";
import {
  keyName,
  privateKey,
  publicKey,
  requirePackageSignature,
  requireWasmSignature,
  signPackage,
  signWasm,
} from "@skep/package/distribution";
import { UsageError } from "@skep/runtime";
import { Command } from "commander";
import { readInputFile, readKeyFile } from "../read-input-file.ts";
import { writePublicFile } from "../replace-file.ts";

interface SignFlags {
  readonly key: string;
  readonly output?: string;
}

/** `skep sign`. */
export function signCommand(): Command {
  return new Command("skep sign")
    .usage("--key KEY.pem [-o FILE] FILE")
    .description(
      "Sign a package or a Wasm module with an Ed25519 key. The signature lies in the file; nothing is sent.",
    )
    .argument("<file>", "package.json or app.wasm")
    .requiredOption("--key <file>", "private key in PEM")
    .option("-o, --output <file>", "where to write it (default: the same file)")
    .helpOption("-h, --help", "print help")
    .addHelpText(
      "after",
      `
Other readers of packages and modules pass over the signature. Signed are the eBPF object as it is loaded and the whole
description. Keys: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out pub.pem

Examples:
  skep sign package.json --key key.pem
  skep run --require-signature pub.pem package.json`,
    )
    .action(async (file: string, flags: SignFlags) => {
      await sign(file, flags);
    });
}

/** `skep verify`. */
export function verifyCommand(): Command {
  return new Command("skep verify")
    .usage("--key PUB.pem FILE")
    .description("Check that a package or a Wasm module is as it was signed. Asks nobody.")
    .argument("<file>", "package.json, package.tar or app.wasm")
    .requiredOption("--key <file>", "public key in PEM")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", "\nExamples:\n  skep verify package.json --key pub.pem")
    .action(async (file: string, flags: { readonly key: string }) => {
      await verify(file, flags.key);
    });
}

async function sign(file: string, flags: SignFlags): Promise<void> {
  const key = privateKey(readKeyFile(flags.key));
  const input = await readInput(readInputFile(file), file);
  const output = flags.output ?? file;
  if (input.kind === "wasm") writePublicFile(output, signWasm(input.module, key));
  else if (input.kind === "package" && input.form === "json")
    writePublicFile(output, writePackage(signPackage(input.package, key)));
  else
    throw new UsageError(`${file} cannot be signed`, "sign the package.json, before it is packed into a tar");
  process.stderr.write(`signed ${output} with key ${keyName(key)}\n`);
}

async function verify(file: string, keyFile: string): Promise<void> {
  const key = publicKey(readKeyFile(keyFile));
  const input = await readInput(readInputFile(file), file);
  if (input.kind === "wasm") requireWasmSignature(input.module, key, file);
  else if (input.kind === "package" || input.kind === "object")
    requirePackageSignature(input.package, key, file);
  else if (input.kind === "archive")
    requirePackageSignature(input.archive.package, key, `the package in ${file}`);
  else
    throw new UsageError(`${file} is a source, which cannot be signed`, "verify what was compiled from it");
  process.stdout.write(`${file} is signed with key ${keyName(key)}\n`);
}
