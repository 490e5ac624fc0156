// Renders components with the English texts.
import { render as renderBare, type RenderOptions, type RenderResult } from "@testing-library/react";
import { NextIntlClientProvider } from "next-intl";
import type { ReactElement, ReactNode } from "react";
import messages from "@/messages/en";

function English({ children }: { children: ReactNode }) {
  return (
    <NextIntlClientProvider locale="en" messages={messages} timeZone="UTC">
      {children}
    </NextIntlClientProvider>
  );
}

/** Like Testing Library's `render`. */
export function render(element: ReactElement, options: RenderOptions = {}): RenderResult {
  return renderBare(element, { wrapper: English, ...options });
}
