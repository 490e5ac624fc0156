"use client";
// Shows recovery codes. They are shown only once.
import { Download } from "lucide-react";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";

export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">
        Use one of these codes to sign in without your phone. Each works once. They are shown only now: store
        them apart from your password.
      </p>
      <ul
        aria-label="Recovery codes"
        data-testid="recovery-codes"
        className="grid grid-cols-1 gap-x-6 gap-y-1 rounded-[7px] border bg-surface-2 p-3 font-mono text-ui sm:grid-cols-2"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <CopyButton text={codes.join("\n")} label="Copy" testId="copy-codes" />
        <Button onClick={() => download(codes)} data-testid="download-codes">
          <Download className="size-4" aria-hidden />
          Download
        </Button>
        <Button tone="primary" className="ml-auto" onClick={onDone} data-testid="codes-kept">
          I saved them
        </Button>
      </div>
    </div>
  );
}

function download(codes: readonly string[]): void {
  const text = `PrecisionPulse recovery codes for ${location.host}\nEach code works once.\n\n${codes.join("\n")}\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "precisionpulse-recovery-codes.txt";
  link.click();
  URL.revokeObjectURL(address);
}
