// The calls to the telemetry gateway for saved questions, and for dashboards that take the charts of a question.
import { queryOptions } from "@tanstack/react-query";
import type { Answer, Input } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

export type SavedQuestion = Answer<"/api/telemetry/questions", "get">["items"][number];
export type BoardSummary = Answer<"/api/telemetry/dashboards", "get">["items"][number];
export type Board = Answer<"/api/telemetry/dashboards/{id}", "get">;
export type Panel = Board["panels"][number];
type QuestionBody = Input<"/api/telemetry/questions", "post">["body"];

const retry = (failures: number, error: Error) =>
  error instanceof ApiError && error.isTemporary && failures < 2;

export const QUESTIONS_KEY = ["questions"] as const;

export function questionsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: QUESTIONS_KEY,
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/questions", { query: { after }, signal })),
    retry,
  });
}

/** The dashboards that the account may open. */
export function boardsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ["explore", "boards"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/dashboards", { query: { after }, signal })),
    retry,
  });
}

/** Replaces a saved question. Throws ApiError with status 412 when somebody saved a newer version than `seen`. */
export async function replaceQuestion(
  api: ApiClient,
  seen: SavedQuestion,
  change: Partial<QuestionBody>,
): Promise<void> {
  const { name, query, shared } = seen;
  await api.put("/api/telemetry/questions/{id}", {
    path: { id: seen.id },
    body: { name, query, shared, ...change },
    ifMatch: etagOf(seen),
  });
}

/** Deletes a saved question. Throws like `replaceQuestion`. */
export async function removeQuestion(api: ApiClient, seen: SavedQuestion): Promise<void> {
  await api.delete("/api/telemetry/questions/{id}", { path: { id: seen.id }, ifMatch: etagOf(seen) });
}

/** The ETag of a listed question: lists have one version per item. */
function etagOf({ version }: { version: number }): string {
  return `"${version}"`;
}
