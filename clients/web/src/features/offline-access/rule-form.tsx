"use client";
// Adds one rule to the draft.
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { SelectField, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { Role } from "@/contracts/generated/permissions";
import type { Mirror } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { RuleBody } from "./rules";

type RuleFormProps = {
  api: ApiClient;
  mirrors: readonly Mirror[];
  onAdd: (rule: RuleBody) => void;
  onClose: () => void;
};

type Who = `role:${Exclude<Role, "viewer">}` | "account";
type Where = "everywhere" | "device" | "site" | "tag";

/** The dialog is open while it is rendered. */
export function RuleForm({ api, mirrors, onAdd, onClose }: RuleFormProps) {
  const t = useTranslations("offline-access");
  const roles = useTranslations("common.roles");
  const [effect, setEffect] = useState<RuleBody["effect"]>("allow");
  const [who, setWho] = useState<Who>("role:user");
  const [email, setEmail] = useState("");
  const [where, setWhere] = useState<Where>("everywhere");
  const [place, setPlace] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const listId = useId();
  const known = placesOf(mirrors)[where];

  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const subject = who === "account" ? await accountOf(api, email.trim()) : who;
      if (!subject) return setProblem(t("thereIsNoAccountWith"));
      const name = place.trim();
      if (where !== "everywhere" && !known.includes(name)) return setProblem(t(`noSuchPlace.${where}`));
      onAdd({ effect, subject, place: where === "everywhere" ? where : `${where}:${name}` });
      onClose();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("addARule")}
      description={t("itBecomesPartOfThe")}
    >
      <form
        method="post"
        noValidate
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void add();
        }}
      >
        <FormProblem testId="rule-error">{problem}</FormProblem>
        <SelectField
          label={t("rule")}
          fieldSize="md"
          autoFocus
          value={effect}
          onChange={(event) => setEffect(event.target.value as RuleBody["effect"])}
          data-testid="rule-effect"
        >
          <option value="allow">{t("allow")}</option>
          <option value="deny">{t("denyWinsOverEveryAllow")}</option>
        </SelectField>
        <SelectField
          label={t("who")}
          fieldSize="md"
          value={who}
          onChange={(event) => setWho(event.target.value as Who)}
          data-testid="rule-who"
        >
          {(["user", "admin"] as const).map((role) => (
            <option key={role} value={`role:${role}`}>
              {t("everybodyWith", { role: roles(role) })}
            </option>
          ))}
          <option value="account">{t("oneAccount")}</option>
        </SelectField>
        {who === "account" && (
          <TextField
            label={t("emailOfTheAccount")}
            fieldSize="md"
            type="email"
            autoComplete="off"
            maxLength={254}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            data-testid="rule-email"
          />
        )}
        <SelectField
          label={t("where")}
          fieldSize="md"
          value={where}
          onChange={(event) => {
            setWhere(event.target.value as Where);
            setPlace("");
          }}
          data-testid="rule-where"
        >
          <option value="everywhere">{t("everywhere")}</option>
          <option value="device">{t("oneCollector")}</option>
          <option value="site">{t("aSite")}</option>
          <option value="tag">{t("aTag")}</option>
        </SelectField>
        {where !== "everywhere" && (
          <>
            <TextField
              label={where === "device" ? t("idOfTheCollector") : where === "site" ? t("site") : t("tag")}
              fieldSize="md"
              autoComplete="off"
              list={listId}
              maxLength={128}
              value={place}
              onChange={(event) => setPlace(event.target.value)}
              data-testid="rule-place"
            />
            <datalist id={listId}>
              {known.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <SubmitButton isBusy={isBusy} busyText={t("checking")} data-testid="rule-add">
            {t("addToTheDraft")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}

/** The subject of the account with this email; null when there is none. */
async function accountOf(api: ApiClient, email: string): Promise<string | null> {
  if (!email) return null;
  const { items } = await api.get("/api/users", { query: { search: email, limit: 50 } });
  const found = items.find((user) => user.email.toLowerCase() === email.toLowerCase());
  return found ? `account:${found.id}` : null;
}

function placesOf(mirrors: readonly Mirror[]): Readonly<Record<Where, readonly string[]>> {
  const sorted = (names: readonly string[]) => [...new Set(names.filter(Boolean))].sort();
  return {
    everywhere: [],
    device: sorted(mirrors.map(({ device }) => device)),
    site: sorted(mirrors.map(({ site }) => site)),
    tag: sorted(mirrors.flatMap(({ tags }) => tags)),
  };
}
