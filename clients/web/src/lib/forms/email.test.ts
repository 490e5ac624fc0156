import { describe, expect, it } from "vitest";
import { asciiEmail, isEmail } from "./email";

describe("asciiEmail", () => {
  it.each([
    ["anna@müller.de", "anna@xn--mller-kva.de"],
    [" a@例え.jp ", "a@xn--r8jz45g.jp"],
    ["a@straße.de", "a@xn--strae-oqa.de"],
    ["Ada@Example.org", "Ada@Example.org"],
    ["a@1.2", "a@1.2"],
    ["a@ü b", "a@ü b"],
    ["müller", "müller"],
    ["a@müller.de/x", "a@müller.de/x"],
    ["a@müller.de:8080", "a@müller.de:8080"],
    ["a@müller.de?x", "a@müller.de?x"],
    ["a@müller.de#x", "a@müller.de#x"],
    ["a@müller.de\\x", "a@müller.de\\x"],
    ["a@müller.de／x", "a@müller.de／x"],
    ["a@müller.de：80", "a@müller.de：80"],
    ["a@müller.de℀b", "a@müller.de℀b"],
    ["a@[ü]", "a@[ü]"],
    ["a@１２７.0.0.1", "a@１２７.0.0.1"],
    ["a@１", "a@１"],
  ])("converts %s to %s", (typed, email) => {
    expect(asciiEmail(typed)).toBe(email);
  });
});

describe("isEmail", () => {
  it.each(["a@b", "ada.lovelace+x@sub.example.org", "a@xn--mller-kva.de", `${"a".repeat(64)}@b.c`])(
    "accepts %s",
    (email) => expect(isEmail(email)).toBe(true),
  );

  it.each(["a..b@c.org", ".a@c.org", "a.@c.org", "a@-b", "ä@b.c", "a@b@c", "", `${"a".repeat(65)}@b.c`])(
    "rejects %s",
    (email) => expect(isEmail(email)).toBe(false),
  );
});
