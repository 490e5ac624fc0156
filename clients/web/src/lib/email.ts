// What people type as an e-mail address, as the services take it: the same rules, and domains of any script.

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const EMAIL = new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*$`);
const MAX_EMAIL = 254;
const ASCII = /^[\x20-\x7e]*$/;

/** Without spaces around it, and with the domain in its ASCII form ("müller.de" is "xn--mller-kva.de"). */
export function asciiEmail(typed: string): string {
  const email = typed.trim();
  const at = email.lastIndexOf("@");
  const domain = email.slice(at + 1);
  if (at < 0 || ASCII.test(domain)) return email;
  try {
    return `${email.slice(0, at)}@${new URL(`http://${domain}`).hostname}`;
  } catch {
    return email;
  }
}

/** Whether an account can have this address. */
export function isEmail(email: string): boolean {
  return email.length <= MAX_EMAIL && EMAIL.test(email);
}
