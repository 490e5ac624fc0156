"use client";
// What a new device needs to connect. Shown once.
import { useState } from "react";
import { Button } from "@/components/button";
import { Segmented } from "@/components/segmented";
import { ShownOnce } from "@/components/shown-once";
import { When } from "@/components/when";
import type { CollectorWithCode, PlainCredentials } from "@/contracts/http";
import { firmwareSettings } from "./firmware";

export function CodeView({ collector, onClose }: { collector: CollectorWithCode; onClose: () => void }) {
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">
        Run this on the collector&apos;s machine. The code is shown only now, works once, and expires{" "}
        {collector.code_expires_at && <When at={collector.code_expires_at} />}.
      </p>
      <ShownOnce
        label="Command"
        text={`pulse-collector enrol ${location.origin} ${collector.code}`}
        testId="enrol-command"
      />
      <Done onClose={onClose} />
    </div>
  );
}

export function CredentialsView({ device, onClose }: { device: PlainCredentials; onClose: () => void }) {
  const settings = firmwareSettings(device);
  const [name, setName] = useState(settings[0]!.name);
  const shown = settings.find((one) => one.name === name) ?? settings[0]!;
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">The password is shown only now. Copy the settings for your device.</p>
      <Segmented
        label="Firmware"
        options={settings.map((one) => ({ value: one.name, label: one.name }))}
        value={name}
        onChange={setName}
      />
      <ShownOnce label="Settings" text={shown.text} testId="plain-settings" />
      {device.ca && <ShownOnce label="Certificate authority (ca.pem)" text={device.ca} />}
      <Done onClose={onClose} />
    </div>
  );
}

function Done({ onClose }: { onClose: () => void }) {
  return (
    <div className="flex justify-end">
      <Button tone="primary" onClick={onClose} data-testid="credentials-kept">
        I saved it
      </Button>
    </div>
  );
}
