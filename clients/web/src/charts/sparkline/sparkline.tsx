// A sparkline: a small line without axes.
import clsx from "clsx";
import { DOT, type SparkPath } from "./spark-path";

type SparklineProps = {
  path: SparkPath;
  width: number;
  height: number;
  color: string;
  filled?: boolean;
  className?: string;
};

export function Sparkline({ path, width, height, color, filled = false, className }: SparklineProps) {
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={clsx("keep-color", className)}
      aria-hidden
    >
      {filled && <path d={path.area} style={{ fill: color }} opacity={0.12} />}
      <path
        d={path.line}
        fill="none"
        style={{ stroke: color }}
        strokeWidth={1.5}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
      {path.dots && (
        <path
          d={path.dots}
          fill="none"
          style={{ stroke: color }}
          strokeWidth={DOT}
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
        />
      )}
    </svg>
  );
}
