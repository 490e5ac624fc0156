// The queries of the page about offline access.
import { queryOptions, type QueryKey } from "@tanstack/react-query";
import type { Mirror } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { pollUnlessFollowed } from "@/lib/lists/followed-changes";

export const OFFLINE_KEY = ["offline-access"] as const;
const EVERY_MS = 10_000;
/** No change reports that a lease ran on, an incident, or when a collector was last seen. */
const AGES_EVERY_MS = 60_000;
const PAGE = 2_000;

type Change = { readonly ids: ReadonlySet<string> | null; readonly rules: boolean };

/** The lists that a change makes old, by the namespace of the change. */
export const offlineChanges = {
  "/mirror": ({ ids, rules }: Change): QueryKey[] => {
    if (!ids || rules) return [OFFLINE_KEY];
    const details = [...ids].map((id) => [...OFFLINE_KEY, "collector", id]);
    return [[...OFFLINE_KEY, "collectors"], [...OFFLINE_KEY, "incidents"], ...details];
  },
  "/people": (): QueryKey[] => [
    [...OFFLINE_KEY, "users"],
    [...OFFLINE_KEY, "account"],
  ],
};

export type MirrorFleet = {
  readonly mirrors: readonly Mirror[];
  /** Managed collectors that have acknowledged every change, of `total`. */
  readonly upToDate: number;
  readonly total: number;
};

export const fleetQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "collectors"],
    queryFn: async ({ signal }): Promise<MirrorFleet> => {
      let [upToDate, total] = [0, 0];
      const mirrors = await allPages(async (after) => {
        const page = await api.get("/api/sync/collectors", { query: { after, limit: PAGE }, signal });
        [upToDate, total] = [page.up_to_date, page.total];
        return page;
      });
      return { mirrors, upToDate, total };
    },
    refetchInterval: pollUnlessFollowed(["/mirror"], EVERY_MS, AGES_EVERY_MS),
  });

/** One mirror with all its accounts. */
export const mirrorQuery = (api: ApiClient, device: string) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "collector", device],
    queryFn: async ({ signal }) => {
      const load = (after: string | undefined) =>
        api.get("/api/sync/collectors/{device}", { path: { device }, query: { after, limit: 500 }, signal });
      const first = await load(undefined);
      const more =
        first.next === null
          ? []
          : await allPages(async (after) => {
              const { accounts, next } = await load(after ?? first.next ?? undefined);
              return { items: accounts, next };
            });
      return { ...first, accounts: [...first.accounts, ...more] };
    },
    refetchInterval: pollUnlessFollowed(["/mirror"], EVERY_MS, AGES_EVERY_MS),
  });

/** The rules with their ETag. The page keeps its own draft when they are loaded again. */
export const rulesQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "rules"],
    queryFn: ({ signal }) => api.getTagged("/api/sync/entitlement", { signal }),
    refetchInterval: pollUnlessFollowed(["/mirror"], 30_000),
  });

export const policyQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "policy"],
    queryFn: ({ signal }) => api.getTagged("/api/sync/policy", { signal }),
  });

export const copyQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "users"],
    queryFn: ({ signal }) => api.get("/api/sync/users", { signal }),
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS, AGES_EVERY_MS),
  });

export const incidentsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "incidents"],
    queryFn: ({ signal }) => api.get("/api/sync/incidents", { query: { limit: 10 }, signal }),
    refetchInterval: pollUnlessFollowed(["/mirror"], 30_000, AGES_EVERY_MS),
  });

/** Where one account may sign in offline, with its name. */
export const accountQuery = (api: ApiClient, id: string) =>
  queryOptions({
    queryKey: [...OFFLINE_KEY, "account", id],
    queryFn: ({ signal }) => api.get("/api/sync/accounts/{id}", { path: { id }, signal }),
    staleTime: 60_000,
  });
