// Decoration of the sign-in page. It shows no data.
import { useTranslations } from "next-intl";

const WIDTH = 640;
const HEIGHT = 300;

const WAVES = [
  { base: 70, color: "#6f93ff", phase: 0.2 },
  { base: 120, color: "#2dd4bf", phase: 1.7 },
  { base: 165, color: "#fbb040", phase: 3.1 },
  { base: 210, color: "#a78bfa", phase: 4.4 },
  { base: 252, color: "#4cc3ff", phase: 5.6 },
];

export function Waveform() {
  const t = useTranslations("common");
  return (
    <div
      aria-hidden
      className="relative hidden flex-1 items-center justify-center overflow-hidden bg-[#0a0d13] bg-[radial-gradient(60%_50%_at_78%_20%,rgb(47_91_234/0.34),transparent),radial-gradient(50%_40%_at_24%_100%,rgb(34_176_125/0.2),transparent)] lg:flex"
    >
      <div className="absolute inset-0 bg-[linear-gradient(rgb(226_232_240/0.04)_1px,transparent_1px),linear-gradient(90deg,rgb(226_232_240/0.04)_1px,transparent_1px)] bg-[size:56px_56px]" />
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        className="relative w-[86%] max-w-3xl rounded-[14px] border border-[rgb(226_232_240/0.14)] bg-[rgb(20_25_36/0.7)] p-6"
      >
        {WAVES.map(({ base, color, phase }) => (
          <path
            key={color}
            d={wave(base, phase)}
            fill="none"
            stroke={color}
            strokeWidth={1.6}
            strokeLinejoin="round"
            opacity={0.9}
          />
        ))}
      </svg>
      <p className="absolute bottom-12 left-12 text-[22px] tracking-[-0.01em] text-white">{t("slogan")}</p>
    </div>
  );
}

/** A sum of sines with some jitter. It is the same on each render. */
function wave(base: number, phase: number): string {
  const points: string[] = [];
  for (let x = 0; x <= WIDTH; x += 4) {
    const slow = Math.sin(x / 70 + phase) * 13 + Math.sin(x / 33 + phase * 2.3) * 6;
    const jitter = (Math.sin(x * 12.9898 + phase * 78.233) * 43758.5453) % 1;
    points.push(`${x},${(base + slow + jitter * 3.4).toFixed(1)}`);
  }
  return `M${points.join("L")}`;
}
