"use client";
// A search box that waits until the user pauses.
import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { Input } from "./input";

const PAUSE_MS = 120;

type SearchFieldProps = {
  label: string;
  value: string;
  onSearch: (text: string) => void;
  maxLength?: number;
  testId?: string;
};

export function SearchField({ label, value, onSearch, maxLength = 100, testId }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState(value);
  // The page has changed the search itself, for example to show everything again. The answer to an own search must not
  // replace what was typed since.
  if (value !== seen) {
    setSeen(value);
    if (value !== sent) {
      setSent(value);
      setText(value);
    }
  }
  useEffect(() => {
    if (text === sent) return;
    const timer = setTimeout(() => {
      setSent(text);
      onSearch(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, sent, onSearch]);
  return (
    <div className="relative min-w-0 flex-1 basis-56 sm:max-w-72">
      <Search
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-fg-3"
        aria-hidden
      />
      <Input
        type="search"
        fieldSize="sm"
        aria-label={label}
        placeholder={label}
        value={text}
        maxLength={maxLength}
        data-testid={testId}
        onChange={(event) => setText(event.target.value)}
        className="pl-8"
      />
    </div>
  );
}
