"""The collector's identity since enrolment, and where its secrets are stored."""
