/** Bytes made once and remembered, up to a number of bytes; the oldest make room for new ones. */
export class KeptBytes<Kept extends { readonly bytes: Buffer }> {
  readonly #bytes_max: number
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor (bytes_max: number) {
    this.#bytes_max = bytes_max
  }

  get (key: string): Kept | undefined {
    return this.#kept.get(key)
  }

  keep (key: string, kept: Kept): void {
    this.#drop(key)
    this.#kept.set(key, kept)
    this.#bytes += kept.bytes.length
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytes_max) return
      this.#drop(oldest)
    }
  }

  #drop (key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes.length ?? 0
    this.#kept.delete(key)
  }
}
