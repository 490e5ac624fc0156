// E-mail addresses by the same rules as in the services. Domains may use any script.

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const EMAIL = new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*$`);
const MAX_EMAIL = 254;
const ASCII = /^[\x20-\x7e]*$/;
/** Characters that end a host in a URL or start an IP address, also in their full-width form. */
const NOT_IN_DOMAIN = /[/:?#\\[\]@%]/;
const IP_ADDRESS = /^(?:[\d.]+|\[.*\])$/;

/** `typed` without surrounding spaces and with its domain in ASCII ("müller.de" becomes "xn--mller-kva.de"). */
export function asciiEmail(typed: string): string {
  const email = typed.trim();
  const at = email.lastIndexOf("@");
  const domain = email.slice(at + 1);
  if (at < 0 || ASCII.test(domain) || NOT_IN_DOMAIN.test(domain.normalize("NFKC"))) return email;
  try {
    const host = new URL(`http://${domain}`).hostname;
    return IP_ADDRESS.test(host) ? email : `${email.slice(0, at)}@${host}`;
  } catch {
    return email;
  }
}

/** Whether `email` is valid for an account. */
export function isEmail(email: string): boolean {
  return email.length <= MAX_EMAIL && EMAIL.test(email);
}
