// Checks a logo before it is uploaded. The users service checks it again.

export const MAX_LOGO_BYTES = 262_144;

/** True when the bytes begin like a PNG, JPEG or WebP image. */
export async function isLogoImage(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const text = String.fromCharCode(...bytes);
  return (
    text.startsWith("\x89PNG\r\n\x1a\n") ||
    text.startsWith("\xff\xd8\xff") ||
    (text.startsWith("RIFF") && text.slice(8) === "WEBP")
  );
}
