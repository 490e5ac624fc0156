// What people type as an e-mail address, as the services take it: the same rules, and domains of any script.

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const EMAIL = new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*$`);
const MAX_EMAIL = 254;
const ASCII = /^[\x20-\x7e]*$/;
/** What ends a host or makes an IP address of it in a URL, also written as a full-width letter. */
const NO_DOMAIN = /[/:?#\\[\]@%]/;
const IP_ADDRESS = /^(?:[\d.]+|\[.*\])$/;

/** Without spaces around it, and with the domain in its ASCII form ("müller.de" is "xn--mller-kva.de"). */
export function asciiEmail(typed: string): string {
  const email = typed.trim();
  const at = email.lastIndexOf("@");
  const domain = email.slice(at + 1);
  if (at < 0 || ASCII.test(domain) || NO_DOMAIN.test(domain.normalize("NFKC"))) return email;
  try {
    const host = new URL(`http://${domain}`).hostname;
    return IP_ADDRESS.test(host) ? email : `${email.slice(0, at)}@${host}`;
  } catch {
    return email;
  }
}

/** Whether an account can have this address. */
export function isEmail(email: string): boolean {
  return email.length <= MAX_EMAIL && EMAIL.test(email);
}
