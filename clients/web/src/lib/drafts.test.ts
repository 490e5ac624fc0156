import { expect, it } from "vitest";
import { Drafts } from "./drafts";

it("keeps what was typed until it is saved, and for its account only", () => {
  const drafts = new Drafts();
  drafts.belongTo("ada");
  drafts.set("user", { name: "Ada" });
  drafts.belongTo("ada");
  expect(drafts.get("user")).toEqual({ name: "Ada" });
  drafts.delete("user");
  expect(drafts.get("user")).toBeUndefined();
  drafts.set("user", { name: "Ada" });
  drafts.belongTo("eve");
  expect(drafts.get("user")).toBeUndefined();
});
