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
  const heard = new Set<() => void>();
  const token = new LinkToken({
    location,
    history,
    addEventListener: (_, hear) => heard.add(hear),
    removeEventListener: (_, hear) => heard.delete(hear),
  });
  const openLink = (next: string) => {
    location.hash = next;
    heard.forEach((hear) => hear());
  };
  return { token, addresses, openLink, heard };
}

describe("LinkToken", () => {
  it("takes the token out of the address and keeps it", () => {
    const { token, addresses } = open(`#${TOKEN}`);
    expect(token.current()).toBeUndefined();
    token.subscribe(() => undefined)();
    expect(token.current()).toBe(TOKEN);
    expect(addresses).toEqual(["/set-password"]);
    token.subscribe(() => undefined);
    expect(token.current()).toBe(TOKEN);
  });

  it.each(["#short", `#${TOKEN}x`, `#${TOKEN}&x=1`, `#${"q".repeat(42)}%20`])(
    "knows no token in %s, and removes it all the same",
    (hash) => {
      const { token, addresses } = open(hash);
      token.subscribe(() => undefined);
      expect(token.current()).toBeNull();
      expect(addresses).toEqual(["/set-password"]);
    },
  );

  it("takes another link that is opened in the same tab, as long as somebody listens", () => {
    const { token, openLink, heard } = open("");
    const changed = vi.fn();
    const stop = token.subscribe(changed);
    expect(token.current()).toBeNull();
    changed.mockClear();
    openLink(`#${TOKEN}`);
    expect(token.current()).toBe(TOKEN);
    expect(changed).toHaveBeenCalledOnce();
    stop();
    expect(heard.size).toBe(0);
  });
});
