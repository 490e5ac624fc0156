// Numbers that people type.

type Limits = { readonly least: number; readonly most: number; readonly isWhole?: boolean };

/**
 * The number in `text`, with a point or a comma before the decimals; null when it is none within the limits. "1,000" and
 * "1.000" may mean a thousand or one, so a group of three digits is no decimal part.
 */
export function numberIn(text: string, { least, most, isWhole = false }: Limits): number | null {
  const typed = text.trim();
  if (!/^[+-]?\d+(?:[.,]\d+)?$/.test(typed) || /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(typed)) return null;
  const number = Number(typed.replace(",", "."));
  if (number < least || number > most || (isWhole && !Number.isInteger(number))) return null;
  return number;
}
