// The logo with the product's name.

export function Logo() {
  return (
    <span className="flex items-center gap-2.5 text-[15px] font-semibold tracking-[-0.01em]">
      <svg viewBox="0 0 32 32" className="size-7" aria-hidden>
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
      PrecisionPulse
    </span>
  );
}
