// What makes it safe to send a form again after its answer was lost: the same wish has the same key.
const KEY_BYTES = 16;

/** Gives the key for a wish: the one it had before while the wish stays the same, else a new one. */
export function idempotencyKeys(): (wish: unknown) => string {
  let last = { wish: "", key: "" };
  return (wish) => {
    const text = JSON.stringify(wish);
    if (last.wish !== text) last = { wish: text, key: randomKey() };
    return last.key;
  };
}

// randomUUID() exists in secure contexts alone; dashboards are also opened by address in a plant's network.
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
