/** What a program may be given as. */
export type InputKind = "json" | "yaml" | "tar" | "gzip" | "wasm" | "object" | "source";

/** Enough of a file's beginning to tell its kind. */
const HEAD_BYTES = 64 * 1024;

/**
 * Tells by its contents what a program was given as; names lie and streams have none. Undefined for anything else,
 * which `strangerName` may know.
 */
export function kindOfInput(bytes: Uint8Array): InputKind | undefined {
  if (startsWith(bytes, [0x7f, 0x45, 0x4c, 0x46])) return "object";
  if (startsWith(bytes, [0x00, 0x61, 0x73, 0x6d])) return "wasm";
  if (startsWith(bytes, [0x1f, 0x8b, 0x08])) return "gzip";
  if (isTar(bytes)) return "tar";
  const text = headText(bytes);
  if (text === undefined) return isOldSource(bytes) ? "source" : undefined;
  const begin = text.trimStart();
  if (begin.startsWith("{")) return "json";
  if (isMarkup(begin)) return undefined;
  if (isSource(text)) return "source";
  return isYaml(text) ? "yaml" : undefined;
}

/** In words: a thing that people hand over by mistake. */
export function strangerName(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty";
  const magics: readonly (readonly [readonly number[], string])[] = [
    [[0x50, 0x4b, 0x03, 0x04], "a zip archive"],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file"],
    [[0x28, 0xb5, 0x2f, 0xfd], "a zstd file"],
    [[0x42, 0x5a, 0x68], "a bzip2 file"],
    [[0x9f, 0xeb], "BTF, not a program"],
    [[0x23, 0x21], "a script"],
    [[0x89, 0x50, 0x4e, 0x47], "an image"],
  ];
  const magic = magics.find(([start]) => startsWith(bytes, start));
  if (magic !== undefined) return magic[1];
  const text = headText(bytes);
  if (text === undefined) return "neither text nor any binary format that runs here";
  return isMarkup(text.trimStart()) ? "a web page" : "text of no known kind";
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

/** POSIX and GNU archives say `ustar` in the first header; for those of 1979 the header's sum has to do. */
function isTar(bytes: Uint8Array): boolean {
  if (bytes.length < 512) return false;
  if (startsWith(bytes.subarray(257), [0x75, 0x73, 0x74, 0x61, 0x72])) return true;
  const stated = Number.parseInt(new TextDecoder("latin1").decode(bytes.subarray(148, 156)), 8);
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index++) if (index < 148 || index >= 156) sum += bytes[index] ?? 0;
  return bytes[0] !== 0 && stated === sum;
}

/** Undefined when it is no UTF-8 text. The cut may fall into a character: `stream` allows that. */
function headText(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, HEAD_BYTES);
  if (head.length === 0 || head.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
  } catch {
    return undefined;
  }
}

function isMarkup(begin: string): boolean {
  return begin.startsWith("<");
}

/** A C file that is any use here includes a header or names a section. */
function isSource(text: string): boolean {
  return /^[ \t]*#[ \t]*(?:include|define|pragma|ifn?def|if)\b/m.test(text) || /\bSEC\("/.test(text);
}

/** With an author's name from before UTF-8 in a comment, which clang does not mind. */
function isOldSource(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, HEAD_BYTES);
  return !head.includes(0) && isSource(new TextDecoder("latin1").decode(head));
}

function isYaml(text: string): boolean {
  return (
    /^(?:%YAML|---)/.test(text.trimStart()) ||
    /^["']?(?:bpf_object|bpf_object_size|meta)["']?[ \t]*:/m.test(text)
  );
}
