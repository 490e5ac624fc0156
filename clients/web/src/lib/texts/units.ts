// Converts units for a person who reads metric or imperial (US) ones. Stored readings, limits and exports keep the units
// that devices declare: conversion happens where a value becomes a text or a tick of an axis.
import { pageUnits } from "./page-locale";
import type { UnitSystem } from "../preferences";

/** shown = declared × `factor` + `offset`. `factor` is above zero. */
export type Conversion = { readonly unit: string; readonly factor: number; readonly offset: number };

/** `factor` and `offset`: from metric to imperial. The first row of an imperial unit is the one back. */
type Pair = readonly [metric: string, imperial: string, factor: number, offset?: number];

const FOOT = 0.3048;
const INCH = 0.0254;
const MILE = 1_609.344;
const POUND = 0.45359237;
const OUNCE = POUND / 16;
const GALLON = 3.785411784;
const NEWTONS = 4.4482216152605;
/** Pascals of one pound per square inch. */
const PSI = 6_894.757293168;
/** Pascals of one inch of mercury at 0 °C. */
const IN_HG = 3_386.389;

const PAIRS: readonly Pair[] = [
  ["°C", "°F", 1.8, 32],
  ["°C/min", "°F/min", 1.8],
  ["°C/h", "°F/h", 1.8],
  ["m", "ft", 1 / FOOT],
  ["km", "mi", 1_000 / MILE],
  ["mm", "in", 0.001 / INCH],
  ["cm", "in", 0.01 / INCH],
  ["µm", "mil", 0.001 / INCH],
  ["m²", "ft²", 1 / FOOT ** 2],
  ["cm²", "in²", (0.01 / INCH) ** 2],
  ["mm²", "in²", (0.001 / INCH) ** 2],
  ["km²", "mi²", (1_000 / MILE) ** 2],
  ["ha", "ac", 10_000 / (MILE ** 2 / 640)],
  ["l", "gal", 1 / GALLON],
  ["ml", "fl oz", 0.128 / GALLON],
  ["m³", "ft³", 1 / FOOT ** 3],
  ["cm³", "in³", (0.01 / INCH) ** 3],
  ["kg", "lb", 1 / POUND],
  ["g", "oz", 0.001 / OUNCE],
  ["km/h", "mph", 1_000 / MILE],
  ["m/s", "ft/s", 1 / FOOT],
  ["m/min", "ft/min", 1 / FOOT],
  ["mm/s", "in/s", 0.001 / INCH],
  ["mm/h", "in/h", 0.001 / INCH],
  ["l/min", "gal/min", 1 / GALLON],
  ["l/s", "gal/s", 1 / GALLON],
  ["l/h", "gal/h", 1 / GALLON],
  ["m³/h", "ft³/min", 1 / FOOT ** 3 / 60],
  ["m³/s", "ft³/s", 1 / FOOT ** 3],
  ["kg/h", "lb/h", 1 / POUND],
  ["kg/s", "lb/s", 1 / POUND],
  ["kg/m³", "lb/ft³", FOOT ** 3 / POUND],
  ["bar", "psi", 100_000 / PSI],
  ["kPa", "psi", 1_000 / PSI],
  ["MPa", "psi", 1_000_000 / PSI],
  ["hPa", "inHg", 100 / IN_HG],
  ["mbar", "inHg", 100 / IN_HG],
  ["N", "lbf", 1 / NEWTONS],
  ["kN", "lbf", 1_000 / NEWTONS],
  ["N·m", "lbf·ft", 1 / (NEWTONS * FOOT)],
];

/** Other spellings, by the one that `PAIRS` has. Powers and dots are written alike before. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  "°C": ["℃", "degC", "deg C", "Celsius", "celsius"],
  "°F": ["℉", "degF", "deg F", "Fahrenheit", "fahrenheit"],
  µm: ["um"],
  l: ["L", "litre", "liter"],
  ml: ["mL"],
  "l/min": ["L/min", "lpm", "LPM"],
  "l/s": ["L/s"],
  "l/h": ["L/h"],
  "gal/min": ["gpm", "GPM"],
  "ft³/min": ["cfm", "CFM"],
  "km/h": ["kmh", "kph"],
  mph: ["mi/h"],
  psi: ["PSI", "lbf/in²"],
  "N·m": ["Nm"],
  "lbf·ft": ["ft·lbf", "ft·lb"],
  lb: ["lbs"],
  ft: ["feet"],
  in: ["inch", "inches"],
};

const NORMAL = new Map(
  Object.entries(SPELLINGS).flatMap(([unit, others]) => others.map((other) => [other, unit] as const)),
);

function normal(unit: string): string {
  const plain = unit
    .trim()
    .replace("μ", "µ")
    .replace(/\^?2(?=$|\/)/g, "²")
    .replace(/\^?3(?=$|\/)/g, "³")
    .replace(/[*.⋅]/g, "·");
  return NORMAL.get(plain) ?? plain;
}

// The units of a page, so that a chart does not read their spelling again in each frame.
const spellings = new Map<string, string>();
const MOST_SPELLINGS = 1_000;

const CONVERSIONS: Readonly<Record<UnitSystem, ReadonlyMap<string, Conversion>>> = {
  imperial: new Map(
    PAIRS.map(([metric, unit, factor, offset = 0]) => [metric, { unit, factor, offset }] as const),
  ),
  metric: new Map(
    // A later entry of a map replaces an earlier one.
    [...PAIRS]
      .reverse()
      .map(
        ([unit, imperial, factor, offset = 0]) =>
          [imperial, { unit, factor: 1 / factor, offset: -offset / factor }] as const,
      ),
  ),
};

/** How `system` shows values in `unit`; null for a unit that stays as it is. */
export function conversionTo(system: UnitSystem, unit: string): Conversion | null {
  let spelling = spellings.get(unit);
  if (spelling === undefined) {
    spelling = normal(unit);
    if (spellings.size < MOST_SPELLINGS) spellings.set(unit, spelling);
  }
  return CONVERSIONS[system].get(spelling) ?? null;
}

/** How this page shows values in `unit`; null for a unit that stays as it is. Quick enough for every frame of a chart. */
export function pageConversion(unit: string): Conversion | null {
  const system = pageUnits();
  return system === undefined ? null : conversionTo(system, unit);
}

/** The unit that this page shows instead of `unit`. */
export function shownUnit(unit: string): string {
  return pageConversion(unit)?.unit ?? unit;
}

const PRECISE_DIGITS = 12;

/** The value in the shown unit, without the noise of the calculation. */
export function converted(value: number, { factor, offset }: Conversion): number {
  return Number((value * factor + offset).toPrecision(PRECISE_DIGITS));
}

/** As many decimals for the shown value as tell it from its neighbours, when the declared one has `decimals`. */
export function convertedDecimals(decimals: number, { factor }: Conversion): number {
  return Math.min(20, Math.max(0, decimals - Math.round(Math.log10(factor))));
}
