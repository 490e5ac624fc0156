// Ids of panels.

const ID_BYTES = 8;

// randomUUID() needs a secure context, but a plant's network may serve the dashboard over plain HTTP.
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
