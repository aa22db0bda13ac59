/** Splits what is for us from the command behind `--`. */
export function splitCommand(args: readonly string[]): {
  readonly args: readonly string[];
  readonly command: readonly string[] | undefined;
} {
  const at = args.indexOf("--");
  return at < 0 ? { args, command: undefined } : { args: args.slice(0, at), command: args.slice(at + 1) };
}
