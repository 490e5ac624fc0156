import type { Messages as AllMessages } from "@/messages/en";
import type { Locale as AppLocale } from "./locale-names";

declare module "next-intl" {
  // The types of next-intl's hooks. A text that English does not have fails the type check.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- only an interface can be extended
  interface AppConfig {
    Locale: AppLocale;
    Messages: AllMessages;
  }
}
