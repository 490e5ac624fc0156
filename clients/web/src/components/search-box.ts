// The size of the search in the top bar: a box, and an icon on phones.

export const SEARCH_BOX = "h-8 w-8 shrink-0 sm:w-56 md:w-72 xl:w-[340px]";
