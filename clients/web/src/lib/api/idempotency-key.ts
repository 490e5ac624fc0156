// Idempotency keys: a form can be sent again after its answer was lost, and the service does the work once.
const KEY_BYTES = 16;

/** Returns a function that gives the key of a request body. The key stays the same while the body stays the same. */
export function idempotencyKeys(): (body: unknown) => string {
  let last = { text: "", key: "" };
  return (body) => {
    const text = JSON.stringify(body);
    if (last.text !== text) last = { text, key: randomKey() };
    return last.key;
  };
}

// randomUUID() needs a secure context, but a plant's network may serve the dashboard over plain HTTP.
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
