// The words of the dashboards of users.
import messages from "@/messages/en/boards.json";

export type Text = (key: keyof typeof messages, values?: Readonly<Record<string, string | number>>) => string;

const PLURAL = /\{(\w+), plural, one \{([^}]*)\} other \{([^}]*)\}\}/g;

const text: Text = (key, values = {}) =>
  messages[key]
    .replace(PLURAL, (_, name: string, one: string, other: string) =>
      (values[name] === 1 ? one : other).replaceAll("#", String(values[name])),
    )
    .replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));

export function useText(): Text {
  return text;
}
