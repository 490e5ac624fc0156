// The strength of a typed password. The service rates it when the typing pauses.
import { useEffect, useState } from "react";
import type { Strength } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";

const PAUSE_MS = 250;

/** `token`: of the link, on a page without a sign-in. Throws ApiError: `link_ended`, … */
function fetchStrength(
  api: ApiClient,
  password: string,
  token?: string,
  signal?: AbortSignal,
): Promise<Strength> {
  return api.post("/api/users/password-strength", { body: { password, token }, signal });
}

export type StrengthState = { strength: Strength | null; isOutdated: boolean };

/**
 * The last known strength. `isOutdated`: it belongs to an earlier input. A failed request is ignored, because the service
 * checks the password again when it is set. `onRejected` gets errors that are not temporary.
 */
export function useStrength(
  api: ApiClient,
  password: string,
  token?: string,
  onRejected?: (error: ApiError) => void,
): StrengthState {
  const [known, setKnown] = useState<{ password: string; strength: Strength } | null>(null);
  useEffect(() => {
    if (!password) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      fetchStrength(api, password, token, abort.signal).then(
        (strength) => setKnown({ password, strength }),
        (error: unknown) => {
          if (error instanceof ApiError && !error.isTemporary) onRejected?.(error);
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [api, password, token, onRejected]);
  if (!password) return { strength: null, isOutdated: false };
  return { strength: known?.strength ?? null, isOutdated: known?.password !== password };
}
