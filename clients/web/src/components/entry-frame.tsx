// The frame of pages without a sign-in: the form on the left, decoration on the right.
import type { ReactNode } from "react";
import { LanguageMenu } from "./language-menu";
import { Logo } from "./logo";
import { ThemeMenu } from "./theme-menu";
import { Waveform } from "./waveform";

type EntryFrameProps = { title: string; subtitle: ReactNode; children: ReactNode };

export function EntryFrame({ title, subtitle, children }: EntryFrameProps) {
  return (
    <div className="flex min-h-dvh">
      <div className="flex w-full flex-col bg-surface px-6 py-7 sm:px-12 lg:w-[45.5%]">
        <header className="flex items-center justify-between">
          <Logo />
          <span className="flex items-center">
            <LanguageMenu />
            <ThemeMenu />
          </span>
        </header>
        <main className="mx-auto flex w-full max-w-[360px] flex-1 flex-col justify-center py-10">
          <h1 className="text-[26px] leading-8 font-semibold tracking-[-0.02em]">{title}</h1>
          <p className="mt-2 mb-8 text-body text-fg-2">{subtitle}</p>
          {children}
        </main>
      </div>
      <Waveform />
    </div>
  );
}
