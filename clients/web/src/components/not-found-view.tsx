// Shown for an unknown address.
import { MapPinOff } from "lucide-react";
import Link from "next/link";
import { NoticeState } from "./notice-state";

export function NotFoundView() {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <NoticeState
        icon={MapPinOff}
        title="Page not found"
        action={
          <Link href="/dashboard" className="text-ui font-medium text-accent hover:underline">
            Go to the dashboard
          </Link>
        }
      >
        Check the address.
      </NoticeState>
    </main>
  );
}
