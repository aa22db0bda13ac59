import { boundedFetch, shown } from "../bounded-fetch.ts";
import { TransferError } from "../transfer-error.ts";

export interface FetchLimits {
  /** Bytes. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds, redirects included. */
  readonly timeout?: number;
}

/**
 * Downloads a program from an http or https address. What it is, its contents say.
 * @throws {TransferError} for any answer that is not a success, and for one that is too large or too slow
 */
export async function fetchInput(address: string, limits: FetchLimits = {}): Promise<Uint8Array> {
  const { status, body, url } = await boundedFetch(address, {
    maxBytes: limits.maxBytes ?? 64 * 1024 * 1024,
    ...(limits.timeout === undefined ? {} : { timeout: limits.timeout }),
  });
  if (status === 200) return body;
  if (status === 404 || status === 410)
    throw new TransferError(
      "missing",
      `${shown(url)} does not exist (status ${status})`,
      "check the address",
    );
  if (status === 401 || status === 403)
    throw new TransferError(
      "denied",
      `${shown(url)} may not be read by everybody (status ${status})`,
      "download it with your credentials and give the file",
    );
  throw new TransferError(
    "refused",
    `${shown(url)} answers with status ${status}`,
    "check the address, or try again later",
  );
}
