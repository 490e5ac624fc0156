// Die deutschen Texte.
import type { Messages } from "@/messages/en";
import boards from "./boards.json";
import common from "./common.json";
import errors from "./errors.json";
import login from "./login.json";
import pages from "./pages.json";
import permissions from "./permissions.json";

const messages = { boards, common, errors, login, pages, permissions } satisfies Messages;

export default messages;
