"""What auth does: `sessions` (sign in, rotate, sign out), `ending` (how sessions end), `mirror` (following users)."""
