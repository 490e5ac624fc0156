// A note: plain text with line breaks and links.
import { Panel } from "@/components/panel";
import { partsOf } from "./links";

export function TextView({ id, title, text }: { id: string; title: string; text: string }) {
  return (
    <Panel title={title} testId={`panel-${id}`} className="h-full">
      <p
        className="min-h-0 flex-1 overflow-y-auto px-4 pb-3 text-ui wrap-anywhere whitespace-pre-wrap text-fg-2"
        tabIndex={0}
      >
        {partsOf(text).map((part, index) =>
          part.href === null ? (
            part.text
          ) : (
            <a
              key={index}
              href={part.href}
              target="_blank"
              rel="noopener noreferrer"
              className="text-accent underline"
            >
              {part.text}
            </a>
          ),
        )}
      </p>
    </Panel>
  );
}
