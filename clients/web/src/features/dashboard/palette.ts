// Colours of series, by their place in a chart; the same in charts, legends and tooltips.

const COUNT = 8;

export function seriesColor(place: number): string {
  return `var(--series-${(place % COUNT) + 1})`;
}

/** A CSS colour with its variables resolved for the current theme; a canvas cannot read variables. */
export function resolveColor(element: HTMLElement, color: string): string {
  const probe = element.ownerDocument.createElement("span");
  probe.style.color = color;
  probe.hidden = true;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}
