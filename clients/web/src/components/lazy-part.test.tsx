// @vitest-environment jsdom
import { fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { lazyPart } from "./lazy-part";

setUpComponentTests();

describe("lazyPart", () => {
  // React reports an error that a boundary handles.
  beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
  afterEach(() => vi.restoreAllMocks());

  it("offers to load a part again whose file did not come, and shows it then", async () => {
    let isDown = true;
    const Part = lazyPart(async () => {
      if (isDown) throw new Error("ChunkLoadError");
      return { default: () => <p>part</p> };
    });
    render(<Part />);
    const again = await screen.findByTestId("load-part-again");
    isDown = false;
    fireEvent.click(again);
    expect(await screen.findByText("part")).toBeDefined();
  });

  it("does not hide an error of the part itself", async () => {
    const Part = lazyPart(() =>
      Promise.resolve({
        default: () => {
          throw new Error("a bug");
        },
      }),
    );
    const seen = vi.fn();
    window.addEventListener("error", (event) => {
      event.preventDefault();
      seen(event.message);
    });
    render(<Part />);
    await vi.waitFor(() => expect(seen).toHaveBeenCalled());
    expect(screen.queryByTestId("load-part-again")).toBeNull();
  });
});
