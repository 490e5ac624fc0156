"use client";
// White label: the name, colour and logo of the pages.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useShowBrand } from "@/components/brand";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { StoredBrand } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { BrandForm } from "./brand-form";
import { LogoField } from "./logo-field";
import { brandQuery } from "./queries";

export function BrandPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("admin.brand");
  const client = useQueryClient();
  const show = useShowBrand();
  const [isSaved, setSaved] = useState(false);
  const query = useQuery(brandQuery(api));
  const saved = (brand: StoredBrand) => {
    show(brand);
    void client.refetchQueries({ queryKey: brandQuery(api).queryKey });
  };
  return (
    <Panel title={t("title")} testId="panel-brand">
      <PanelContent query={query} skeletonHeight="18rem">
        {(loaded) => (
          <>
            <BrandForm
              // What was saved is the new start.
              key={loaded.etag}
              api={api}
              loaded={loaded}
              isJustSaved={isSaved}
              onSaved={(brand) => {
                setSaved(true);
                saved(brand);
              }}
            />
            <LogoField api={api} loaded={loaded} onSaved={saved} />
          </>
        )}
      </PanelContent>
    </Panel>
  );
}
