// The limits of the auth service for the description of a device.

export const TAG = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$/;
export const MOST_SITE_CHARACTERS = 128;
export const MOST_TAGS = 20;
