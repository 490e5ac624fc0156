"use client";
// A part of a page that is loaded when it is needed. A part that could not be loaded says so and offers to load it again.
import { CloudOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { Component, lazy, Suspense, useState, type ComponentType, type ReactNode } from "react";
import { Button } from "./button";
import { NoticeState } from "./notice-state";

/** `load`: imports the part. `fallback`: shown meanwhile. */
export function lazyPart<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  fallback: ReactNode = null,
): ComponentType<P> {
  // React keeps a failed import for ever, so another attempt needs another component.
  const attempts = [attempt(load)];
  return function LazyPart(props: P) {
    const [number, setNumber] = useState(attempts.length - 1);
    const Part = attempts[number]!;
    const again = () => {
      // A browser may keep a failed file for the whole visit. Unsaved changes survive a reload.
      if (number > 0) return location.reload();
      attempts[number + 1] ??= attempt(load);
      setNumber(number + 1);
    };
    return (
      <LoadBoundary key={number} onRetry={again}>
        <Suspense fallback={fallback}>
          <Part {...props} />
        </Suspense>
      </LoadBoundary>
    );
  };
}

/** An import that failed. Other errors of the part crash the page, as they should. */
class PartNotLoaded extends Error {}

function attempt<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() =>
    load().catch((error: unknown) => {
      throw new PartNotLoaded("A part of the page could not be loaded.", { cause: error });
    }),
  ) as unknown as ComponentType<P>;
}

type BoundaryProps = { onRetry: () => void; children: ReactNode };

class LoadBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    if (!((error as unknown) instanceof PartNotLoaded)) throw error;
    return <NotLoaded onRetry={this.props.onRetry} />;
  }
}

function NotLoaded({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations("common.lazyPart");
  return (
    <NoticeState
      icon={CloudOff}
      title={t("title")}
      tone="crit"
      role="alert"
      className="min-h-[40dvh]"
      action={
        <Button onClick={onRetry} data-testid="load-part-again">
          {t("again")}
        </Button>
      }
    >
      {t("hint")}
    </NoticeState>
  );
}
