import { fileURLToPath } from "node:url";

const HOUSE = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** Shows the checkout at /mnt, in a mount namespace of its own, and runs what is there in place of what is here. */
const REACHABLE = `mount --bind "$0" /mnt && cd / || exit
for word do
  shift
  case $word in "$0"/*) word=/mnt\${word#"$0"} ;; esac
  set -- "$@" "$word"
done
exec "$@"`;

/**
 * What runs a command as the user nobody, with these capabilities and no others. A checkout may lie where only its owner can look,
 * as in a folder of `mktemp -d`.
 * @param capabilities as setpriv(1) names them
 */
export function asNobody(...capabilities: readonly string[]): readonly string[] {
  const names = capabilities.map((name) => `+${name}`).join(",");
  const sets = names === "" ? [] : [`--inh-caps=${names}`, `--ambient-caps=${names}`];
  const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...sets, "--"];
  return ["unshare", "-m", "sh", "-c", REACHABLE, HOUSE, ...user];
}
