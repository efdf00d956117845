/** Text in shared memory, ended by a zero byte. */

export function readText(place: { read(): Uint8Array }): string {
  const bytes = place.read();
  return new TextDecoder().decode(bytes.subarray(0, Math.max(bytes.indexOf(0), 0)));
}

export function writeText(place: { write(bytes: Uint8Array): void }, text: string): void {
  place.write(new TextEncoder().encode(`${text}\0`));
}
