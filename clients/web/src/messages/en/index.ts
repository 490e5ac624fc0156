// The English texts. They define which texts exist: another language must have the same.
import admin from "./admin.json";
import boards from "./boards.json";
import common from "./common.json";
import errors from "./errors.json";
import explore from "./explore.json";
import login from "./login.json";
import palette from "./palette.json";
import pages from "./pages.json";
import permissions from "./permissions.json";
import users from "./users.json";
import profile from "./profile.json";
import security from "./security.json";
import audit from "./audit.json";
import status from "./status.json";
import offline from "./offline.json";
import offlineAccess from "./offline-access.json";
import devices from "./devices.json";
import dashboard from "./dashboard.json";

const messages = {
  admin,
  boards,
  common,
  errors,
  explore,
  login,
  pages,
  palette,
  permissions,
  users,
  profile,
  security,
  audit,
  status,
  offline,
  "offline-access": offlineAccess,
  devices,
  dashboard,
};

export type Messages = typeof messages;

export default messages;
