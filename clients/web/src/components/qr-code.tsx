// A QR code as one SVG path. Black on white in every theme: not every camera reads the other way round.
import { encode } from "uqr";

/** The light border that the standard asks for (ISO/IEC 18004 §6.3.8), in modules. */
const QUIET = 4;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 0 });
  const whole = size + 2 * QUIET;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${whole} ${whole}`}
      shapeRendering="crispEdges"
      className="size-44 shrink-0 rounded-[7px] border bg-white"
    >
      <path d={modulesPath(data)} fill="#000" />
    </svg>
  );
}

/** Each run of dark modules of a row is one rectangle. */
function modulesPath(rows: readonly (readonly boolean[])[]): string {
  const runs: string[] = [];
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end += 1;
      runs.push(`M${x + QUIET} ${y + QUIET}h${end - x}v1h${x - end}z`);
      x = end;
    }
  });
  return runs.join("");
}
