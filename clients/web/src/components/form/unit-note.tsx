// Beside fields with values in the unit of a device, for a person who reads other units on pages.
import { useTranslations } from "next-intl";
import { shownUnit } from "@/lib/texts/units";

/** Nothing where pages show the units as they are declared. */
export function UnitNote({ units }: { units: readonly string[] }) {
  const t = useTranslations("common.units");
  return [...new Set(units)]
    .filter((unit) => shownUnit(unit) !== unit)
    .map((unit) => (
      <p key={unit} className="text-xs text-fg-2" data-testid="unit-note">
        {t("enterDeclared", { unit, shown: shownUnit(unit) })}
      </p>
    ));
}
