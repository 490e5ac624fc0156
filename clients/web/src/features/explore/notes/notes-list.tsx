"use client";
// The notes of the shown range, and the button that adds one.
import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useTranslations } from "next-intl";
import { useMemo, useState, type FormEvent } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { SelectField, TextField } from "@/components/form/input";
import { moments } from "@/charts/range/zoned-ticks";
import type { TimeSpan } from "@/charts/types";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { fromInputValue, offsetText, toInputValue } from "@/lib/texts/time-zone";
import { useDateLocale } from "../date-locale";
import type { Note } from "./queries";
import { NOTES_KEY } from "./queries";

type NotesListProps = {
  api: ApiClient;
  notes: readonly Note[];
  error: Error | null;
  canWrite: boolean;
  /** The ids of the devices of the chosen series. */
  devices: readonly string[];
  deviceName: (id: string) => string;
  span: TimeSpan;
  zone: string;
};

export function NotesList({ notes, error, canWrite, ...props }: NotesListProps) {
  const t = useTranslations("explore.notes");
  const moment = moments(useDateLocale(), props.zone);
  const [isOpen, setOpen] = useState(false);
  return (
    <section aria-label={t("title")} className="border-t px-4 py-2.5 text-xs text-fg-2" data-testid="notes">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1.5">
        <ul className="contents">
          {notes.map((note) => (
            <li key={note.id} className="flex min-w-0 items-baseline gap-1.5">
              <span aria-hidden className="keep-color size-2 shrink-0 rounded-full bg-accent" />
              <span className="tabular-nums">{moment.format(note.t / 1_000)}</span>
              <span className="min-w-0 wrap-anywhere text-fg">{note.text}</span>
              <span className="wrap-anywhere">{note.author_name}</span>
            </li>
          ))}
        </ul>
        {error && <span className="text-warn">{t("failed", { reason: explain(error) })}</span>}
        {canWrite && (
          <Button className="ml-auto h-7 px-2 text-xs" onClick={() => setOpen(true)} data-testid="add-note">
            <Plus className="size-3.5" aria-hidden />
            {t("add")}
          </Button>
        )}
      </div>
      {isOpen && <NoteDialog {...props} onOpenChange={setOpen} />}
    </section>
  );
}

type NoteDialogProps = Pick<NotesListProps, "api" | "devices" | "deviceName" | "span" | "zone"> & {
  onOpenChange: (open: boolean) => void;
};

const MOST_TEXT = 500;

function NoteDialog({ api, devices, deviceName, span, zone, onOpenChange }: NoteDialogProps) {
  const t = useTranslations("explore");
  const client = useQueryClient();
  const keyOf = useMemo(() => idempotencyKeys(), []);
  const [text, setText] = useState("");
  const [time, setTime] = useState(() =>
    toInputValue(Math.floor((span.from + span.to) / 2 / 60_000_000) * 60_000_000, zone),
  );
  const [device, setDevice] = useState(devices[0] ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);
  const at = fromInputValue(time, zone);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (at === null) return setProblem(t("range.invalid"));
    if (text.trim() === "") return setProblem(t("notes.empty"));
    const body = { t: at, until: null, text: text.trim(), device: device || null, series: null };
    setSaving(true);
    setProblem(null);
    try {
      await api.post("/api/telemetry/annotations", { body, idempotencyKey: keyOf(body) });
      await client.invalidateQueries({ queryKey: NOTES_KEY });
      onOpenChange(false);
    } catch (error) {
      setProblem(explain(error));
      setSaving(false);
    }
  };
  return (
    <Dialog open onOpenChange={onOpenChange} title={t("notes.add")}>
      <form onSubmit={(event) => void save(event)} className="space-y-4" noValidate>
        <FormProblem>{problem}</FormProblem>
        <TextField
          label={t("notes.text")}
          maxLength={MOST_TEXT}
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-testid="note-text"
        />
        <TextField
          label={t("notes.time")}
          type="datetime-local"
          step={1}
          value={time}
          hint={t("range.zone", { zone, offset: offsetText(at ?? span.to, zone) })}
          onChange={(event) => setTime(event.target.value)}
        />
        <SelectField
          label={t("legend.device")}
          value={device}
          onChange={(event) => setDevice(event.target.value)}
        >
          {devices.map((id) => (
            <option key={id} value={id}>
              {deviceName(id)}
            </option>
          ))}
        </SelectField>
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>{t("cancel")}</Button>
          <Button tone="primary" type="submit" disabled={isSaving} data-testid="save-note">
            {t("notes.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
