// The roles that an account can have.
import type { User } from "@/contracts/http";

/** From the fewest permissions to all. */
export const ROLES = ["viewer", "user", "admin"] as const satisfies readonly User["role"][];
