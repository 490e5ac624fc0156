// Runs in the browser before React. Pages that need a sign-in ask for their token at once.
import { browserSession } from "@/features/auth/browser-session";
import { pageOf } from "@/lib/site-map";

if (pageOf(location.pathname)) browserSession().startEarly();
