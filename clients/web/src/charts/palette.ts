// The colours of series. Charts, legends and tooltips use the same ones.

const COUNT = 8;

/** The CSS colour number `place`. Colours repeat after eight. */
export function seriesColor(place: number): string {
  return `var(--series-${(place % COUNT) + 1})`;
}

/** `color` with its CSS variables resolved for the current theme. A canvas cannot read variables. */
export function resolveColor(element: HTMLElement, color: string): string {
  const probe = element.ownerDocument.createElement("span");
  probe.style.color = color;
  probe.hidden = true;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}
