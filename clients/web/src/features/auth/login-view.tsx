"use client";
// The whole sign-in page.
import { Logo } from "@/components/logo";
import { ThemeMenu } from "@/components/theme-menu";
import { LoginForm } from "./login-form";
import { Waveform } from "./waveform";

export function LoginView({ onSignedIn }: { onSignedIn: () => void }) {
  return (
    <div className="flex min-h-dvh">
      <div className="flex w-full flex-col bg-surface px-6 py-7 sm:px-12 lg:w-[45.5%]">
        <header className="flex items-center justify-between">
          <Logo />
          <ThemeMenu />
        </header>
        <main className="mx-auto flex w-full max-w-[360px] flex-1 flex-col justify-center py-10">
          <h1 className="text-[26px] leading-8 font-semibold tracking-[-0.02em]">
            Sign in to PrecisionPulse
          </h1>
          <p className="mt-2 mb-8 text-body text-fg-2">Live telemetry for every sensor, everywhere.</p>
          <LoginForm onSignedIn={onSignedIn} />
        </main>
      </div>
      <Waveform />
    </div>
  );
}
