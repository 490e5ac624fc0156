// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { SystemStatus } from "@/contracts/status";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { roleCan } from "@/lib/permissions";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { Status } from "./status";

setUpComponentTests();
afterEach(() => {
  drafts.delete("incident:new");
  drafts.delete("incident:i1");
});

/** The list hides what ended more than 30 days ago. */
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

const DAYS = [{ day: "2026-11-26", up_seconds: 90, down_seconds: 10 }];
const SERVICES = ["users", "auth", "telemetry-gateway", "sync-publisher", "broker", "database"] as const;
const STATUS: SystemStatus = {
  at: new Date().toISOString(),
  services: (["telemetry", "users", "auth", "sync"] as const).map((name) => ({
    name,
    isReady: true,
    checks: { database: true },
    tookMs: 7,
  })),
  certificate: { state: "none" },
};
const INCIDENT = {
  id: "i1",
  title: "Live view slow",
  text: "A report holds it back.",
  services: ["telemetry-gateway"],
  started_at: daysAgo(10),
  ended_at: null,
  version: 3,
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/api/telemetry/availability": {
    services: SERVICES.map((service) => ({ service, is_up: true, days: DAYS })),
    outages: [{ service: "database", since: daysAgo(8), until: daysAgo(7) }],
  },
  "/api/telemetry/storage": {
    database_bytes: 3 * 2 ** 30,
    levels: [{ level: "raw", days: 400, bytes: 2 ** 30 }],
  },
  "/api/telemetry/certificates": {
    broker_is_encrypted: true,
    broker_certificate: {
      name: "broker",
      starts_at: "2026-01-01T00:00:00Z",
      expires_at: "2020-01-01T00:00:00Z",
    },
    broker_authorities: [],
  },
  "/api/telemetry/intake": {
    readings_per_second: 2014.4,
    stored_after_seconds: 0.043,
    stored_after_seconds_p99: 0.09,
    devices_online: 18,
    devices_known: 21,
    waiting: 1234,
    oldest_waiting_at: new Date(Date.now() - 3_600_000 * 2).toISOString(),
  },
  "/api/telemetry/incidents": { items: [INCIDENT], next: null },
  "/api/sync/collectors": { items: [], next: null, up_to_date: 14, total: 15 },
  "/api/sync/incidents": { items: [], next: null },
  "/api/auth/signing-keys": { items: [] },
};

/** `answers`: instead of those above. A function gives the answer of each call. */
function show(
  role: string,
  calls: Partial<Record<"getTagged" | "post" | "put" | "delete", unknown>> = {},
  answers: Readonly<Record<string, () => unknown>> = {},
) {
  const get = vi.fn(async (path: string) => (path in answers ? answers[path]!() : ANSWERS[path]));
  const api = { get, ...calls } as unknown as ApiClient;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Status
        api={api}
        can={(permission) => roleCan(role, permission)}
        loadServices={() => Promise.resolve(STATUS)}
      />
    </QueryClientProvider>,
  );
  return { get };
}

it("shows the measured figures, and the state of each service, to a viewer", async () => {
  show("viewer");
  await screen.findByText("2,014 /s");
  expect(screen.getByTestId("figure-stored").textContent).toBe("Arrival to stored43 msp99 90 ms");
  expect(screen.getByTestId("figure-waiting").textContent).toBe("Waiting on devices1,234oldest 2 h");
  expect((await screen.findByTestId("service-broker")).textContent).toContain("18 of 21");
  expect(screen.getByTestId("service-telemetry").textContent).toContain("7 ms");
  expect(screen.getByTestId("verdict").textContent).toContain("Open incident: Live view slow");
  const certificates = await screen.findByTestId("panel-certificates");
  expect(certificates.textContent).toContain("Broker certificateExpired");
});

it("shows incidents to a viewer, who cannot change them", async () => {
  show("viewer");
  const row = await screen.findByTestId("reported-incident");
  expect(row.textContent).toContain("Live view slowNow");
  expect(row.textContent).toContain("A report holds it back.");
  expect(row.textContent).toContain("Affects Telemetry gateway");
  await screen.findByTestId("outage");
  expect(screen.queryByTestId("report-incident")).toBeNull();
  expect(screen.queryByTestId("edit-incident")).toBeNull();
});

const AVAILABILITY = "/api/telemetry/availability";
const REPORTED = "/api/telemetry/incidents";
const OF_ACCOUNTS = "/api/sync/incidents";
const NO_ITEMS = () => ({ items: [], next: null });
const NO_OUTAGES = () => ({ services: [], outages: [] });
const NOTHING = "Nothing unusual has happened.";
const never = () => new Promise(() => {});
const fails = () => Promise.reject(new ApiError(503, "unavailable", ""));
const incidents = async () => within(await screen.findByTestId("panel-incidents"));

it("says that nothing has happened when every part says so", async () => {
  show("admin", {}, { [AVAILABILITY]: NO_OUTAGES, [REPORTED]: NO_ITEMS });
  const panel = await incidents();
  await panel.findByText(NOTHING);
  expect(panel.queryByLabelText("Loading")).toBeNull();
});

it("shows the outages while the reported incidents load", async () => {
  show("viewer", {}, { [REPORTED]: never });
  const panel = await incidents();
  await panel.findByTestId("outage");
  expect(panel.getByLabelText("Loading")).toBeTruthy();
});

it.each([
  ["Reported incidents", "reported", REPORTED],
  ["Outages", "outages", AVAILABILITY],
  ["Incidents of offline access", "mirror", OF_ACCOUNTS],
])("says that %s could not be loaded, and denies nothing", async (title, name, path) => {
  show("admin", {}, { [AVAILABILITY]: NO_OUTAGES, [REPORTED]: NO_ITEMS, [path]: fails });
  const panel = await incidents();
  const line = await panel.findByTestId(`incidents-failed-${name}`);
  expect(line.textContent).toContain(`${title} could not be loaded.`);
  await waitFor(() => expect(panel.queryByLabelText("Loading")).toBeNull());
  expect(panel.queryByText(NOTHING)).toBeNull();
});

it("shows the reported incidents when the outages could not be loaded", async () => {
  show("viewer", {}, { [AVAILABILITY]: fails });
  const panel = await incidents();
  await panel.findByTestId("incidents-failed-outages");
  await panel.findByTestId("reported-incident");
});

it("reports an incident once it is valid", async () => {
  const post = vi.fn().mockResolvedValue({});
  show("admin", { post });
  fireEvent.click(await screen.findByTestId("report-incident"));
  fireEvent.click(await screen.findByTestId("incident-save"));
  await screen.findByText("Enter a title.");
  expect(post).not.toHaveBeenCalled();
  fireEvent.change(screen.getByTestId("incident-title"), { target: { value: " Update " } });
  fireEvent.click(screen.getByTestId("incident-broker"));
  fireEvent.click(screen.getByTestId("incident-save"));
  await waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]).toMatchObject([
    "/api/telemetry/incidents",
    { body: { title: "Update", text: "", services: ["broker"], ended_at: null } },
  ]);
  await waitFor(() => expect(screen.queryByTestId("incident-save")).toBeNull());
});

it("closes an incident on the version that was shown", async () => {
  const put = vi.fn().mockResolvedValue({});
  show("admin", { put });
  fireEvent.click(await screen.findByTestId("close-incident"));
  fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(put).toHaveBeenCalledOnce());
  const [path, sent] = put.mock.calls[0]!;
  expect(path).toBe("/api/telemetry/incidents/{id}");
  expect(sent).toMatchObject({ path: { id: "i1" }, ifMatch: '"3"', body: { title: "Live view slow" } });
  expect(sent.body.ended_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

/** The gateway after another administrator has changed the incident: it rejects the first call. */
function changedMeanwhile(theirs: object) {
  let stored: object = INCIDENT;
  const call = vi
    .fn()
    .mockImplementationOnce(() => {
      stored = { ...INCIDENT, version: 4, ...theirs };
      return Promise.reject(new ApiError(412, "precondition_failed", "changed"));
    })
    .mockResolvedValue({});
  return { call, answers: { [REPORTED]: () => ({ items: [stored], next: null }) } };
}

const confirm = async () => {
  // It is disabled while the call before runs.
  await waitFor(() => expect(screen.getByTestId("confirm")).toHaveProperty("disabled", false));
  fireEvent.click(screen.getByTestId("confirm"));
};

it("closes an incident on the second attempt when somebody else changed it meanwhile", async () => {
  const { call: put, answers } = changedMeanwhile({ text: "Theirs." });
  show("admin", { put }, answers);
  fireEvent.click(await screen.findByTestId("close-incident"));
  await confirm();
  await screen.findByText(/^Somebody else has changed it/);
  await confirm();
  await waitFor(() => expect(screen.queryByTestId("confirm")).toBeNull());
  expect(put.mock.calls[1]![1]).toMatchObject({ ifMatch: '"4"', body: { text: "Theirs." } });
});

it("deletes an incident on the second attempt when somebody else changed it meanwhile", async () => {
  const { call, answers } = changedMeanwhile({});
  show("admin", { delete: call }, answers);
  fireEvent.click(await screen.findByTestId("edit-incident"));
  fireEvent.click(await screen.findByTestId("incident-delete"));
  await confirm();
  await screen.findByText(/^Somebody else has changed it/);
  await confirm();
  await waitFor(() => expect(screen.queryByTestId("confirm")).toBeNull());
  expect(call.mock.calls[1]![1]).toMatchObject({ path: { id: "i1" }, ifMatch: '"4"' });
});

it("keeps the end that somebody else has given the incident meanwhile", async () => {
  const { call: put, answers } = changedMeanwhile({ ended_at: daysAgo(0) });
  show("admin", { put }, answers);
  fireEvent.click(await screen.findByTestId("close-incident"));
  await confirm();
  await screen.findByText(/^Somebody else has changed it/);
  await confirm();
  await waitFor(() => expect(screen.queryByTestId("confirm")).toBeNull());
  expect(put).toHaveBeenCalledOnce();
});

it("does not move the times of an incident whose title changes", async () => {
  // In Europe, clocks show this hour twice. A field has no parts of a second.
  const times = { started_at: "2025-10-26T00:30:00.250Z", ended_at: "2025-10-26T01:10:00.125Z" };
  const theirs = { ...INCIDENT, ...times, ended_at: "2025-10-26T01:10:00.500Z", version: 4 };
  const put = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(412, "precondition_failed", "changed"))
    .mockResolvedValue({});
  const getTagged = vi.fn().mockResolvedValue({ body: theirs, etag: '"4"' });
  show(
    "admin",
    { put, getTagged },
    { [REPORTED]: () => ({ items: [{ ...INCIDENT, ...times }], next: null }) },
  );
  fireEvent.click(await screen.findByTestId("all-incidents"));
  fireEvent.click(await screen.findByTestId("edit-incident"));
  fireEvent.change(await screen.findByTestId("incident-title"), { target: { value: "Mine" } });
  fireEvent.click(screen.getByTestId("incident-save"));
  await screen.findByTestId("change-notice");
  fireEvent.click(screen.getByTestId("incident-save"));
  await waitFor(() => expect(put).toHaveBeenCalledTimes(2));
  expect(put.mock.calls[0]![1].body).toMatchObject({ title: "Mine", ...times });
  expect(put.mock.calls[1]![1].body).toMatchObject({ title: "Mine", ended_at: theirs.ended_at });
});

it("keeps what was typed when somebody else changed the incident meanwhile", async () => {
  const put = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(412, "precondition_failed", "changed"))
    .mockResolvedValue({});
  const theirs = { ...INCIDENT, text: "It is solved.", version: 4 };
  const getTagged = vi.fn().mockResolvedValue({ body: theirs, etag: '"4"' });
  show("admin", { put, getTagged });
  fireEvent.click(await screen.findByTestId("edit-incident"));
  fireEvent.change(await screen.findByTestId("incident-title"), { target: { value: "Mine" } });
  fireEvent.click(screen.getByTestId("incident-save"));
  const notice = await screen.findByTestId("change-notice");
  expect(notice.textContent).toContain("It is solved.");
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByTestId("incident-title")).toHaveProperty("value", "Mine");
  fireEvent.click(dialog.getByTestId("incident-save"));
  await waitFor(() => expect(put).toHaveBeenCalledTimes(2));
  expect(put.mock.calls[1]![1]).toMatchObject({
    ifMatch: '"4"',
    body: { title: "Mine", text: "It is solved." },
  });
});
