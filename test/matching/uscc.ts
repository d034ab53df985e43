/** Check digit of a made-up unified social credit code (GB 32100-2015). */
const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'

export function withUsccCheckDigit (first17: string): string {
  let sum = 0
  let weight = 1
  for (const character of first17) {
    const value = alphabet.indexOf(character)
    if (value < 0) throw new Error(`${character} is not in the alphabet`)
    sum += value * weight
    weight = weight * 3 % 31
  }
  return first17 + alphabet[(31 - sum % 31) % 31]
}
