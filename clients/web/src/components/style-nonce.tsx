"use client";
// Open dialogs and menus add a <style> element. The content security policy allows it with this nonce only.
import { setNonce } from "get-nonce";

export function StyleNonce({ nonce }: { nonce: string }) {
  if (nonce) setNonce(nonce);
  return null;
}
