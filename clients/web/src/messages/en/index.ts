// The English texts. They define which texts exist: another language must have the same.
import common from "./common.json";
import errors from "./errors.json";
import login from "./login.json";
import pages from "./pages.json";
import permissions from "./permissions.json";

const messages = { common, errors, login, pages, permissions };

export type Messages = typeof messages;

export default messages;
