// Undo and redo. Pure functions.

/** `mark`: what the last change was about. Changes with the same mark in a row are one step: typing is one step per field. */
export type Undoable<T> = {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  readonly mark: string | null;
};

const MOST_STEPS = 100;

export function startWith<T>(present: T): Undoable<T> {
  return { past: [], present, future: [], mark: null };
}

/** A step to `next`. Without a mark, it is always a step of its own. */
export function change<T>(state: Undoable<T>, next: T, mark: string | null = null): Undoable<T> {
  if (next === state.present) return state;
  const isSameStep = mark !== null && mark === state.mark && state.past.length > 0;
  const past = isSameStep ? state.past : [...state.past, state.present].slice(-MOST_STEPS);
  return { past, present: next, future: [], mark };
}

export function undo<T>(state: Undoable<T>): Undoable<T> {
  const previous = state.past.at(-1);
  if (previous === undefined) return state;
  return {
    past: state.past.slice(0, -1),
    present: previous,
    future: [state.present, ...state.future],
    mark: null,
  };
}

export function redo<T>(state: Undoable<T>): Undoable<T> {
  const [next, ...future] = state.future;
  if (next === undefined) return state;
  return { past: [...state.past, state.present], present: next, future, mark: null };
}
