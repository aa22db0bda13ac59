import { homedir } from "node:os";
import { isAbsolute } from "node:path";

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
