/** An id in the form of a UUID, made of a time and a number in [0, 1): both are the caller's. */
export function correlationIdOf(at: number, u: number): string {
  const digits = (Math.floor(u * 2 ** 52).toString(16) + Math.floor(at).toString(16)).padStart(32, '0').slice(-32);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}
