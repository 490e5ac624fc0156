// How strong what is typed is, asked once the typing pauses.
import { useEffect, useState } from "react";
import type { Strength } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";

const PAUSE_MS = 250;

/** Of a password; `token` of a link where nobody is signed in. Throws ApiError: `link_ended`, … */
export function askStrength(
  api: ApiClient,
  password: string,
  token?: string,
  signal?: AbortSignal,
): Promise<Strength> {
  return api.post("/api/users/password-strength", { body: { password, token }, signal });
}

export type StrengthState = { strength: Strength | null; isOutdated: boolean };

/**
 * The last strength that is known, and whether it is of what was typed before. An answer that fails is left out: the
 * service judges the password anyway when it is set. `onRefused` hears of refusals other than temporary ones.
 */
export function useStrength(
  api: ApiClient,
  password: string,
  token?: string,
  onRefused?: (error: ApiError) => void,
): StrengthState {
  const [known, setKnown] = useState<{ of: string; strength: Strength } | null>(null);
  useEffect(() => {
    if (!password) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      askStrength(api, password, token, abort.signal).then(
        (strength) => setKnown({ of: password, strength }),
        (error: unknown) => {
          if (error instanceof ApiError && !error.isTemporary) onRefused?.(error);
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [api, password, token, onRefused]);
  if (!password) return { strength: null, isOutdated: false };
  return { strength: known?.strength ?? null, isOutdated: known?.of !== password };
}
