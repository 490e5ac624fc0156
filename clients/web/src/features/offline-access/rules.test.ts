import { expect, it } from "vitest";
import { applied, isEmpty, NO_DRAFT, placeText, withAdded, withRemoved, type RuleBody } from "./rules";

const rule = (subject: string, effect: RuleBody["effect"] = "allow"): RuleBody => ({
  effect,
  subject,
  place: "everywhere",
});
const [ada, bob, eve] = [rule("account:ada"), rule("account:bob"), rule("account:eve", "deny")];

it("keeps what somebody else changed meanwhile", () => {
  const draft = withRemoved(withAdded(NO_DRAFT, eve), ada);
  expect(applied([ada], draft)).toEqual([eve]);
  // Somebody else has added Bob.
  expect(applied([ada, bob], draft)).toEqual([bob, eve]);
  // Somebody else has made the same changes.
  expect(applied([eve], draft)).toEqual([eve]);
});

it("is empty again when a change is undone", () => {
  expect(isEmpty(withRemoved(withAdded(NO_DRAFT, eve), eve))).toBe(true);
  expect(isEmpty(withAdded(withRemoved(NO_DRAFT, ada), ada))).toBe(true);
  expect(withAdded(withAdded(NO_DRAFT, eve), eve).added).toHaveLength(1);
});

it("is readable", () => {
  expect(placeText("site:Hall B: north")).toBe("site Hall B: north");
  expect(placeText("device:press-4")).toBe("collector press-4");
});
