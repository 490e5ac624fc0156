// The queries of the page about users.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { SignIns } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { pollUnlessFollowed } from "@/lib/lists/followed-changes";
import { ROLES } from "./roles";

export const PAGE_SIZE = 25;
const EVERY_MS = 30_000;

export const SORTS = ["name", "-name", "created", "-created", "updated", "-updated"] as const;
export const ROLE_FILTERS = ["all", ...ROLES] as const;
export const STATES = ["all", "active", "invited", "inactive"] as const;

/** What the table shows. `cursor`: of the page; undefined for the first page. */
export type Listing = {
  readonly search: string;
  readonly role: (typeof ROLE_FILTERS)[number];
  readonly state: (typeof STATES)[number];
  readonly sort: (typeof SORTS)[number];
};

export const USERS_KEY = ["users"] as const;

/** Changes of other administrators are followed. Without that, the list is loaded again every 30 s. */
export const usersQuery = (api: ApiClient, listing: Listing, cursor: string | undefined) =>
  queryOptions({
    queryKey: [...USERS_KEY, listing, cursor],
    queryFn: ({ signal }) =>
      api.get("/api/users", {
        query: {
          limit: PAGE_SIZE,
          cursor,
          search: listing.search || undefined,
          role: listing.role === "all" ? undefined : listing.role,
          state: listing.state === "all" ? undefined : listing.state,
          sort: listing.sort,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS),
  });

/** How the accounts of one page sign in, by id. The auth service knows it. */
export const signInsQuery = (api: ApiClient, ids: readonly string[]) =>
  queryOptions({
    queryKey: [...USERS_KEY, "sign-ins", ids],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, SignIns>> => {
      const { items } = await api.get("/api/auth/accounts", { query: { account: ids }, signal });
      return new Map(items.map((one) => [one.account, one]));
    },
    placeholderData: keepPreviousData,
    // A sign-in is not announced.
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS, 2 * EVERY_MS),
  });

/** Whether the system can send mail. An administrator of accounts may read it. */
export const mailQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["users-mail"],
    queryFn: ({ signal }) => api.get("/api/users/mail", { signal }),
  });

export const userQuery = (api: ApiClient, id: string) =>
  queryOptions({
    queryKey: [...USERS_KEY, "one", id],
    queryFn: ({ signal }) => api.get("/api/users/{id}", { path: { id }, signal }),
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS),
  });

export const userSessionsQuery = (api: ApiClient, account: string) =>
  queryOptions({
    queryKey: [...USERS_KEY, "sessions", account],
    queryFn: async ({ signal }) =>
      (await api.get("/api/auth/accounts/{account}/sessions", { path: { account }, signal })).items,
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS),
  });

export const userKeysQuery = (api: ApiClient, account: string) =>
  queryOptions({
    queryKey: [...USERS_KEY, "keys", account],
    queryFn: async ({ signal }) =>
      (await api.get("/api/auth/accounts/{account}/api-keys", { path: { account }, signal })).items,
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS),
  });

export const userFactorQuery = (api: ApiClient, account: string) =>
  queryOptions({
    queryKey: [...USERS_KEY, "factor", account],
    queryFn: ({ signal }) =>
      api.get("/api/auth/accounts/{account}/second-factor", { path: { account }, signal }),
    refetchInterval: pollUnlessFollowed(["/people"], EVERY_MS),
  });

export const userOfflineQuery = (api: ApiClient, id: string) =>
  queryOptions({
    queryKey: [...USERS_KEY, "offline", id],
    queryFn: ({ signal }) => api.get("/api/sync/accounts/{id}", { path: { id }, signal }),
    refetchInterval: pollUnlessFollowed(["/people", "/mirror"], EVERY_MS),
  });
