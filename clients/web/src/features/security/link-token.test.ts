import { describe, expect, it, vi } from "vitest";
import { LinkToken } from "./link-token";

const TOKEN = "q".repeat(43);

function open(hash: string) {
  const location = { hash, pathname: "/set-password" };
  const addresses: string[] = [];
  const history = {
    state: { kept: true },
    replaceState: (state: unknown, _: string, address?: string | URL | null) => {
      expect(state).toEqual({ kept: true });
      addresses.push(String(address));
      location.hash = "";
    },
  };
  const listeners = new Set<() => void>();
  const token = new LinkToken({
    location,
    history,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  });
  const openLink = (next: string) => {
    location.hash = next;
    listeners.forEach((listener) => listener());
  };
  return { token, addresses, openLink, listeners };
}

describe("LinkToken", () => {
  it("moves the token from the address to memory", () => {
    const { token, addresses } = open(`#${TOKEN}`);
    expect(token.current()).toBeUndefined();
    token.subscribe(() => undefined)();
    expect(token.current()).toBe(TOKEN);
    expect(addresses).toEqual(["/set-password"]);
    token.subscribe(() => undefined);
    expect(token.current()).toBe(TOKEN);
  });

  it.each(["#short", `#${TOKEN}x`, `#${TOKEN}&x=1`, `#${"q".repeat(42)}%20`])(
    "finds no token in %s, and removes it from the address",
    (hash) => {
      const { token, addresses } = open(hash);
      token.subscribe(() => undefined);
      expect(token.current()).toBeNull();
      expect(addresses).toEqual(["/set-password"]);
    },
  );

  it("takes another link opened in the same tab, while subscribed", () => {
    const { token, openLink, listeners } = open("");
    const changed = vi.fn();
    const stop = token.subscribe(changed);
    expect(token.current()).toBeNull();
    changed.mockClear();
    openLink(`#${TOKEN}`);
    expect(token.current()).toBe(TOKEN);
    expect(changed).toHaveBeenCalledOnce();
    stop();
    expect(listeners.size).toBe(0);
  });
});
