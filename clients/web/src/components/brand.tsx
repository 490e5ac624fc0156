"use client";
// The brand of the pages, for components.
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { accentVariables, OWN_BRAND, type Brand } from "@/lib/brand";

type Holder = { readonly brand: Brand; readonly show: (brand: Brand) => void };

const BrandContext = createContext<Holder>({ brand: OWN_BRAND, show: () => undefined });

export function BrandProvider({ brand: loaded, children }: { brand: Brand; children: ReactNode }) {
  const [shown, setShown] = useState<Brand | null>(null);
  const show = useCallback((brand: Brand) => {
    setShown(brand);
    const { style } = document.documentElement;
    const none = { light: "", dark: "" };
    for (const [name, value] of Object.entries(accentVariables(brand.accent ?? none))) {
      if (brand.accent) style.setProperty(name, value);
      else style.removeProperty(name);
    }
  }, []);
  const holder = useMemo(() => ({ brand: shown ?? loaded, show }), [shown, loaded, show]);
  return <BrandContext value={holder}>{children}</BrandContext>;
}

/** The name, colour and logo of the pages. */
export function useBrand(): Brand {
  return useContext(BrandContext).brand;
}

/** Shows a brand that was just saved, before the page is loaded again. */
export function useShowBrand(): (brand: Brand) => void {
  return useContext(BrandContext).show;
}
