"use client";
// A field for a number. It keeps what was typed, also when it is no number, and passes on numbers only.
import { useState } from "react";
import { TextField } from "@/components/form/input";
import { numberIn } from "@/lib/forms/number-in";
import { useText } from "../text";

type NumberFieldProps = {
  label: string;
  /** null: the field is empty. */
  value: number | null;
  onChange: (value: number | null) => void;
  /** True when the field may be empty. */
  isOptional?: boolean;
  least?: number;
  most?: number;
  isWhole?: boolean;
  placeholder?: string;
  /** What is wrong with the number beside other fields. */
  problem?: string;
};

const LARGEST = Number.MAX_VALUE;

export function NumberField({
  label,
  value,
  onChange,
  isOptional = false,
  least = -LARGEST,
  most = LARGEST,
  isWhole = false,
  placeholder,
  problem,
}: NumberFieldProps) {
  const t = useText();
  const [typed, setTyped] = useState({ text: textOf(value), value });
  // An undo, or another panel, changes the number without typing.
  if (typed.value !== value) setTyped({ text: textOf(value), value });
  const parse = (text: string) => numberIn(text, { least, most, isWhole });
  const isEmpty = typed.text.trim() === "";
  const isWrong = isEmpty ? !isOptional : parse(typed.text) === null;
  return (
    <TextField
      label={label}
      fieldSize="sm"
      inputMode={isWhole ? "numeric" : "decimal"}
      maxLength={40}
      autoComplete="off"
      placeholder={placeholder}
      value={typed.text}
      error={isWrong ? t(isWhole ? "notWhole" : "notNumber", { least, most }) : problem}
      onChange={({ target }) => {
        const { value: text } = target;
        const next = text.trim() === "" ? null : parse(text);
        const isUsable = next !== null || (isOptional && text.trim() === "");
        setTyped({ text, value: isUsable ? next : value });
        if (isUsable && next !== value) onChange(next);
      }}
    />
  );
}

/** A number as a person types it: numbers of any size without grouping. */
function textOf(value: number | null): string {
  return value === null ? "" : String(value);
}
