// The English texts. They define which texts exist: another language must have the same.
import boards from "./boards.json";
import common from "./common.json";
import errors from "./errors.json";
import login from "./login.json";
import pages from "./pages.json";
import permissions from "./permissions.json";

const messages = { boards, common, errors, login, pages, permissions };

export type Messages = typeof messages;

export default messages;
