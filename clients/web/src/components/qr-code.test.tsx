// @vitest-environment jsdom
import { cleanup, screen } from "@testing-library/react";
import { encode } from "uqr";
import { afterEach, expect, it } from "vitest";
import { QrCode } from "./qr-code";
import { render } from "@/testing/render";

afterEach(cleanup);

it("draws all dark modules and no others, inside a border of four", () => {
  const text =
    "otpauth://totp/PrecisionPulse:ada%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=PrecisionPulse";
  render(<QrCode text={text} label="code" />);
  const { data, size } = encode(text, { ecc: "M", border: 0 });
  const drawn = data.map((row) => row.map(() => false));
  const path = screen.getByRole("img", { name: "code" }).querySelector("path")!.getAttribute("d")!;
  for (const [, x, y, width, back] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h(-\d+)z/g)) {
    expect(Number(back)).toBe(-Number(width));
    for (let step = 0; step < Number(width); step += 1) drawn[Number(y) - 4]![Number(x) - 4 + step] = true;
  }
  expect(drawn).toEqual(data);
  expect(screen.getByRole("img").getAttribute("viewBox")).toBe(`0 0 ${size + 8} ${size + 8}`);
});
