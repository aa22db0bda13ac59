/**
 * What a traced program controls (a command name, a path, a line) must not control the reader's terminal, break
 * a row in two, or turn the direction of the text around. Escaped: C0 and C1 control characters, DEL, line and
 * paragraph separators, bidirectional controls (Unicode TR36, "Trojan Source"), and lone surrogates, which stand
 * for bytes that are not UTF-8.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** What nearly all text is made of. */
const PLAIN = /^[ -~]*$/;

/** For a table: `\n`, `\x1b`, `\u202e`. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => SHORT[character] ?? hexadecimal(character));
}

/** For text of several lines: line ends and tabs stay. */
export function escapeLines(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(/[^\n\t]+/g, escapeText);
}

/** For a piece of JSON text: what JSON may leave as it is, but a terminal should not see. */
export function escapeJson(json: string): string {
  if (PLAIN.test(json)) return json;
  return json.replace(UNSAFE, (character) => `\\u${code(character).toString(16).padStart(4, "0")}`);
}

function hexadecimal(character: string): string {
  const value = code(character);
  return value < 0x100 ? `\\x${value.toString(16).padStart(2, "0")}` : byteOrUnit(value);
}

/** U+DC80 to U+DCFF carry the bytes 0x80 to 0xff of text that was not UTF-8. */
function byteOrUnit(value: number): string {
  return value >= 0xdc80 && value <= 0xdcff
    ? `\\x${(value - 0xdc00).toString(16)}`
    : `\\u${value.toString(16).padStart(4, "0")}`;
}

function code(character: string): number {
  return character.charCodeAt(0);
}
