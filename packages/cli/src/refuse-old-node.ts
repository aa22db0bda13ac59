/** What `engines` in package.json says: the first release with `Symbol.dispose`. */
const OLDEST_NODE = [20, 4] as const;

/** Says so when this Node.js is too old for us, and sets the exit code: 69, as sysexits.h has it. Must itself run on old ones. */
export function refuseOldNode(name: string): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return false;
  process.stderr.write(
    `${name}: needs Node.js ${OLDEST_NODE.join(".")} or newer, and this is ${process.version}\n`,
  );
  process.exitCode = 69;
  return true;
}
