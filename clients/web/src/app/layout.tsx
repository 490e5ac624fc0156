// The HTML document. It sets the theme from a cookie and the nonce for styles that are made in the browser.
import { GeistMono } from "geist/font/mono";
import { GeistSans } from "geist/font/sans";
import type { Metadata, Viewport } from "next";
import { getLocale, getTranslations } from "next-intl/server";
import { cookies, headers } from "next/headers";
import type { ReactNode } from "react";
import { BrandProvider } from "@/components/brand";
import { StyleNonce } from "@/components/style-nonce";
import { PageMessages } from "@/i18n/page-messages";
import {
  DECIMAL_COOKIE,
  isDecimalSign,
  isUnitSystem,
  knownTimeZone,
  TIME_ZONE_COOKIE,
  UNITS_COOKIE,
} from "@/lib/preferences";
import { accentStyle } from "@/lib/brand";
import { currentBrand } from "@/lib/server/brand";
import { isTheme, THEME_COOKIE } from "@/lib/theme";
import "./globals.css";

export async function generateMetadata(): Promise<Metadata> {
  const { product } = await currentBrand();
  // Next replaces each %s of a template.
  const name = product.replaceAll("%s", "% s");
  return {
    title: { default: product, template: `%s · ${name}` },
    description: (await getTranslations("pages"))("description"),
    robots: { index: false },
  };
}

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#10141c" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Reading headers makes every page dynamic. Each response needs a nonce of its own.
  const nonce = (await headers()).get("x-nonce") ?? "";
  const brand = await currentBrand();
  const accents = accentStyle(brand);
  const stored = await cookies();
  const chosen = stored.get(THEME_COOKIE)?.value;
  const decimal = stored.get(DECIMAL_COOKIE)?.value;
  const units = stored.get(UNITS_COOKIE)?.value;
  return (
    <html
      lang={await getLocale()}
      data-decimal={isDecimalSign(decimal) ? decimal : undefined}
      data-units={isUnitSystem(units) ? units : undefined}
      data-time-zone={knownTimeZone(stored.get(TIME_ZONE_COOKIE)?.value)}
      data-theme={isTheme(chosen) ? chosen : "system"}
      className={`${GeistSans.variable} ${GeistMono.variable}`}
    >
      <body>
        <StyleNonce nonce={nonce} />
        {accents && <style nonce={nonce}>{accents}</style>}
        <BrandProvider brand={brand}>
          <PageMessages>{children}</PageMessages>
        </BrandProvider>
      </body>
    </html>
  );
}
