/** The text of each generated file by its path. */
export function httpTypes(): Promise<Map<string, string>>;
