// The charts of the page as one picture.

const [PADDING, TITLE_HEIGHT, LEGEND_HEIGHT] = [16, 26, 20];

export type LegendEntry = { readonly text: string; readonly color: string };

/**
 * A PNG of all canvases in `charts` below each other, with their titles, `heading` above and `legend` below. Null when there
 * is no chart.
 */
export async function chartPicture(
  charts: Element | null,
  heading: string,
  legend: readonly LegendEntry[],
): Promise<Blob | null> {
  const canvases = [...(charts?.querySelectorAll("canvas") ?? [])].filter(({ width }) => width > 0);
  if (!charts || canvases.length === 0) return null;
  const titles = [...charts.querySelectorAll("[data-chart-title]")].map(({ textContent }) => textContent);
  const style = getComputedStyle(document.body);
  const ratio = devicePixelRatio;
  const [padding, title, row] = [PADDING * ratio, TITLE_HEIGHT * ratio, LEGEND_HEIGHT * ratio];
  const picture = document.createElement("canvas");
  picture.width = Math.max(...canvases.map(({ width }) => width)) + 2 * padding;
  picture.height =
    canvases.reduce((sum, { height }) => sum + height + title, 0) + title + legend.length * row + 2 * padding;
  const context = picture.getContext("2d");
  if (!context) return null;
  context.fillStyle = getComputedStyle(charts.closest("[data-surface]") ?? document.body).backgroundColor;
  context.fillRect(0, 0, picture.width, picture.height);
  context.textBaseline = "middle";
  const write = (text: string, x: number, y: number, weight: number) => {
    context.font = `${weight} ${13 * ratio}px ${style.fontFamily}`;
    context.fillStyle = style.color;
    context.fillText(text, x, y);
  };
  let y = padding;
  write(heading, padding, y + title / 2, 600);
  y += title;
  canvases.forEach((canvas, place) => {
    write(titles[place] ?? "", padding, y + title / 2, 600);
    context.drawImage(canvas, padding, y + title);
    y += canvas.height + title;
  });
  for (const { text, color } of legend) {
    context.fillStyle = color;
    context.fillRect(padding, y + row / 2 - ratio, 14 * ratio, 3 * ratio);
    write(text, padding + 22 * ratio, y + row / 2, 400);
    y += row;
  }
  return new Promise((resolve) => picture.toBlob(resolve, "image/png"));
}
