"use client";
// What a new device needs to connect. Shown once.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { Segmented } from "@/components/segmented";
import { ShownOnce } from "@/components/shown-once";
import { When } from "@/components/when";
import type { CollectorWithCode, PlainCredentials } from "@/contracts/http";
import { firmwareSettings } from "./firmware";

export function CodeView({ collector, onClose }: { collector: CollectorWithCode; onClose: () => void }) {
  const t = useTranslations("devices");
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">
        {t.rich("runOnMachine", {
          when: () => collector.code_expires_at && <When at={collector.code_expires_at} />,
        })}
      </p>
      <ShownOnce
        label={t("command")}
        text={`pulse-collector enrol ${location.origin} ${collector.code}`}
        testId="enrol-command"
      />
      <Done onClose={onClose} />
    </div>
  );
}

export function CredentialsView({ device, onClose }: { device: PlainCredentials; onClose: () => void }) {
  const t = useTranslations("devices");
  const settings = firmwareSettings(device);
  const [name, setName] = useState(settings[0]!.name);
  const shown = settings.find((one) => one.name === name) ?? settings[0]!;
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">{t("thePasswordIsShownOnly")}</p>
      <Segmented
        label={t("firmware")}
        options={settings.map((one) => ({ value: one.name, label: one.name }))}
        value={name}
        onChange={setName}
      />
      <ShownOnce label={t("settings")} text={shown.text} testId="plain-settings" />
      {device.ca && <ShownOnce label={t("certificateAuthorityCaPem")} text={device.ca} />}
      <Done onClose={onClose} />
    </div>
  );
}

function Done({ onClose }: { onClose: () => void }) {
  const t = useTranslations("devices");
  return (
    <div className="flex justify-end">
      <Button tone="primary" onClick={onClose} data-testid="credentials-kept">
        {t("iSavedIt")}
      </Button>
    </div>
  );
}
