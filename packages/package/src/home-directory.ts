import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What Debian gives users that have none. */
const NONE = "/nonexistent";

/** Of this user. One that does not exist for a user whom nobody knows, as in a container that runs under a mere number. */
export function homeDirectory(ask: () => string = homedir): string {
  try {
    const home = ask();
    return isAbsolute(home) ? home : NONE;
  } catch {
    return NONE;
  }
}

/** What may be lost: `$XDG_CACHE_HOME/skep`, else `~/.cache/skep`. An empty or relative value counts as none (XDG Base Directory Specification). */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith("/") ? base : join(homeDirectory(), ".cache"), "skep");
}
