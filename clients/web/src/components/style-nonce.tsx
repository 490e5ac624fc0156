"use client";
// Dialogs and menus make a <style> while they are open; the policy lets it through with this nonce only.
import { setNonce } from "get-nonce";

export function StyleNonce({ nonce }: { nonce: string }) {
  if (nonce) setNonce(nonce);
  return null;
}
