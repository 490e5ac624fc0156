"use client";
// The filters of the fleet: site, tag and state.
import { useTranslations } from "next-intl";
import { FilterMenu } from "@/components/filter-menu";
import { stateLabel, type DeviceStateId, type FleetDevice } from "../fleet-device";
import { sitesOf, statesOf, tagsOf, type Choice, type Filter } from "./fleet-list";

type FleetFiltersProps = {
  devices: readonly FleetDevice[];
  filter: Filter;
  onChange: (change: Partial<Pick<Filter, "site" | "tag" | "state">>) => void;
};

export function FleetFilters({ devices, filter, onChange }: FleetFiltersProps) {
  const t = useTranslations("devices");
  const named = <Value extends string>(choices: readonly { value: Value; count: number }[]) =>
    choices.map((choice) => ({ ...choice, label: choice.value as string }));
  const [sites, tags] = [sitesOf(devices), tagsOf(devices)];
  return (
    <>
      {(sites.length > 0 || filter.site) && (
        <FilterMenu
          label={t("site")}
          anyLabel={t("anySite")}
          any=""
          value={filter.site}
          choices={named(sites)}
          onChange={(site) => onChange({ site })}
          testId="filter-site"
        />
      )}
      {(tags.length > 0 || filter.tag) && (
        <FilterMenu
          label={t("filterTag")}
          anyLabel={t("anyTag")}
          any=""
          value={filter.tag}
          choices={named(tags)}
          onChange={(tag) => onChange({ tag })}
          testId="filter-tag"
        />
      )}
      <FilterMenu
        label={t("state")}
        anyLabel={t("anyState")}
        any="all"
        value={filter.state}
        choices={withChosen(statesOf(devices), filter.state).map((choice) => ({
          ...choice,
          label: stateLabel(choice.value),
        }))}
        onChange={(state) => onChange({ state })}
        testId="filter-state"
      />
    </>
  );
}

/** The chosen state stays a choice when no device has it. */
function withChosen(
  choices: readonly Choice<DeviceStateId>[],
  chosen: DeviceStateId | "all",
): readonly Choice<DeviceStateId>[] {
  if (chosen === "all" || choices.some(({ value }) => value === chosen)) return choices;
  return [...choices, { value: chosen, count: 0 }];
}
