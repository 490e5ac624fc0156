import { describe, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "../api/api-client";
import { changeViews, showsView, withoutView, withView, type SavedView } from "./saved-views";

const VIEW: SavedView<"devices"> = {
  name: "Late",
  search: "hall",
  view: "attention",
  sort: "-backlog",
  hidden: ["clock", "site"],
};
const PREFERENCES = { language: "de", theme: "dark", views: { users: [], devices: [VIEW] } };

describe("saved views", () => {
  it("replace the view with the same name, and stay sorted", () => {
    const views = withView([VIEW], { ...VIEW, name: "Busy" });
    expect(views.map(({ name }) => name)).toEqual(["Busy", "Late"]);
    expect(withView(views, { ...VIEW, search: "roof" })).toEqual([
      { ...VIEW, name: "Busy" },
      { ...VIEW, search: "roof" },
    ]);
    expect(withoutView(views, "Busy")).toEqual([VIEW]);
  });

  it("are what the page shows, in whatever order columns were hidden", () => {
    const shown = { search: VIEW.search, view: VIEW.view, sort: VIEW.sort, hidden: VIEW.hidden };
    expect(showsView<"devices">({ ...shown, hidden: ["site", "clock"] }, VIEW)).toBe(true);
    expect(showsView<"devices">({ ...shown, hidden: ["site"] }, VIEW)).toBe(false);
    expect(showsView<"devices">({ ...shown, search: "" }, VIEW)).toBe(false);
  });

  it("are added to those that another tab has saved meanwhile", async () => {
    const getTagged = vi
      .fn()
      .mockResolvedValueOnce({ body: { ...PREFERENCES, views: { users: [], devices: [] } }, etag: '"2"' })
      .mockResolvedValueOnce({ body: PREFERENCES, etag: '"3"' });
    const put = vi
      .fn()
      .mockRejectedValueOnce(new ApiError(412, "precondition_failed", ""))
      .mockImplementation((_, { body }: { body: unknown }) => Promise.resolve(body));
    const api = { getTagged, put } as unknown as ApiClient;
    const added = { ...VIEW, name: "Busy" };
    const views = await changeViews(api, "devices", (now) => withView(now, added));
    expect(views).toEqual({ users: [], devices: [added, VIEW] });
    expect(put.mock.calls.map(([, { ifMatch }]) => ifMatch as string)).toEqual(['"2"', '"3"']);
    expect(put.mock.calls[1]![1].body).toMatchObject({ language: "de", theme: "dark" });
  });
});
