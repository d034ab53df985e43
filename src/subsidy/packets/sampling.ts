/**
 * Samples by a seed committed beforehand: with the assignment stands the SHA-256 of a seed, with the conclusion the seed itself. The order in
 * which lines are drawn follows from the seed and the digest of the packet, so nobody can choose what is looked at, and everybody can
 * draw again. Source: S2 (十三); domain notes §9.2.
 */
import { sha256Hex } from '../../db/canonical.ts'
import { Problem } from '../../problem.ts'

/** Errors: sample_seed_wrong where a seed is not the one committed to. */
export function checkSeed (seed: string | undefined, commitment: string | null): void {
  if (seed === undefined || (commitment !== null && sha256Hex(seed) === commitment.toLowerCase())) return
  throw new Problem('sample_seed_wrong', { errors: [{ pointer: '/sample_seed', code: 'SAMPLE_SEED_WRONG',
    message: commitment === null ? 'No seed was committed to with the assignment; leave it out' : 'Its SHA-256 is not the commitment of the assignment; send the seed as it was drawn',
    message_zh: commitment === null ? '指派时未承诺抽样种子；请勿填写' : '其 SHA-256 与指派时的承诺不符；请填写原抽样种子' }] })
}

/** Lines in the order they are drawn: by SHA-256 of seed, packet digest and line number, each on a line of its own. A sample of n is the first n. */
export function drawn (seed: string, packet_digest: string, line_nos: readonly string[]): string[] {
  return line_nos.map(line_no => ({ line_no, place: sha256Hex(`${seed}\n${packet_digest}\n${line_no}`) }))
    .sort((a, b) => a.place < b.place ? -1 : 1).map(({ line_no }) => line_no)
}
