"use client";
// The logo with the product's name.
import clsx from "clsx";
import { useBrand } from "./brand";

const LONG = 18;

export function Logo() {
  const { product, logo } = useBrand();
  return (
    <span className="flex min-w-0 items-center gap-2.5 font-semibold tracking-[-0.01em]" data-testid="brand">
      {logo ? (
        // The service limits its size. Next's image component would add a service that scales images.
        // eslint-disable-next-line @next/next/no-img-element
        <img src={logo} alt="" className="size-7 shrink-0 object-contain" data-testid="brand-logo" />
      ) : (
        <OwnMark />
      )}
      <span
        dir="auto"
        className={clsx("min-w-0 wrap-anywhere", product.length > LONG ? "text-xs" : "text-[15px]")}
      >
        {product}
      </span>
    </span>
  );
}

function OwnMark() {
  return (
    <svg viewBox="0 0 32 32" className="size-7 shrink-0" aria-hidden>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path
        d="M6 16.5h4.2l2.6-6.8 4.6 13 3.2-9.4 1.7 3.2H26"
        fill="none"
        className="stroke-on-accent"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
