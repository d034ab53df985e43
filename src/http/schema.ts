/**
 * Shapes that several rooms use. A description is the comment of a field and appears in the contract.
 */
import Type, { type TSchema, type Static, type TUnsafe } from 'typebox'

/** A value or null; what is unknown is null in replies, never left out. */
export function nullable<T extends TSchema> (schema: T): TUnsafe<Static<T> | null> {
  const { type } = schema as { type?: string }
  if (typeof type === 'string' && !('enum' in schema) && !('title' in schema)) return Type.Unsafe<Static<T> | null>({ ...schema, type: [type, 'null'] })
  return Type.Unsafe<Static<T> | null>({ anyOf: [schema, { type: 'null' }] })
}

/** One of a list of codes. */
export function oneOf<const T extends readonly string[]> (values: T, description: string, options: { examples?: string[] } = {}): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...options })
}

export const Money = (description: string) => Type.String({
  pattern: '^\\d{1,13}\\.\\d{2}$', maxLength: 16, description: `${description} (yuan)`, examples: ['1234567.89']
})
/** Money that may be below zero: differences and ledger entries. */
export const SignedMoney = (description: string) => Type.String({
  pattern: '^-?\\d{1,13}\\.\\d{2}$', maxLength: 17, description: `${description} (yuan)`, examples: ['-0.01']
})
export const Rate = (description: string) => Type.String({
  pattern: '^\\d{1,3}(\\.\\d{1,6})?$', maxLength: 10, description: `${description} (percent)`, examples: ['3.60']
})
export const Day = (description: string) => Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$', format: 'date', maxLength: 10, description, examples: ['2026-03-21']
})
/** An instant as it comes in: RFC 3339 with offset. */
export const Instant = (description: string) => Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$',
  format: 'date-time', maxLength: 40, description, examples: ['2026-03-18T09:30:00+08:00']
})
/** An instant as it goes out: UTC with milliseconds and Z. */
export const InstantOut = (description: string) => Type.String({ description, maxLength: 24, examples: ['2026-03-18T01:30:00.000Z'] })
export const Uscc = (description = 'Unified social credit code 统一社会信用代码 (GB 32100-2015)') => Type.String({
  pattern: '^[0-9A-HJ-NP-RT-UW-Y]{18}$', maxLength: 18, description, examples: ['91500112MAXX00015Q']
})
export const ProjectCode = (description = 'Project code of the national approval platform 项目代码 (GB/T 40058-2021)') => Type.String({
  pattern: '^\\d{4}-\\d{6}-\\d{2}-\\d{2}-\\d{6}$', maxLength: 24, description, examples: ['2606-500112-07-02-100001']
})
/** Text that people read: one line unless `max` is large, no control characters. */
export const Text = (description: string, max = 200, examples: string[] = []) => Type.String({
  minLength: 1, maxLength: max, pattern: max > 500 ? '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$' : '^[^\\u0000-\\u001f\\u007f]*$', description,
  ...(examples.length > 0 ? { examples } : {})
})
/** A number given by a participant's own system: contract, voucher, batch. */
export const BusinessNo = (description: string, examples: string[] = []) => Type.String({
  minLength: 1, maxLength: 64, pattern: '^[^\\s\\u0000-\\u001f\\u007f](.*[^\\s\\u0000-\\u001f\\u007f])?$', description,
  ...(examples.length > 0 ? { examples } : {})
})
/** A number given by the hub. */
export const No = (prefix: string, description: string) => Type.String({
  pattern: `^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`, maxLength: prefix.length + 27, description, examples: [`${prefix}_01JB2Q8Z6V7K3M5N9P4R1S0T2W`]
})
export const Sha256 = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64, description, examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] })
export const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'Version of the object; also its ETag', examples: [1] })
export const ParticipantNo = (description = 'Participant') => Type.String({ minLength: 1, maxLength: 40, pattern: '^[A-Za-z0-9_-]+$', description, examples: ['bank-1'] })

/** Filters that every list takes. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many at most', examples: [50] })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'next_cursor of the page before' }))
}
export const UpdatedSince = { updated_since: Type.Optional(Instant('Only what changed at or after this instant')) }

/** A page of a list. */
export function listOf<T extends TSchema> (item: T) {
  return Type.Object({
    items: Type.Array(item, { maxItems: 200, description: 'The page' }),
    next_cursor: nullable(Type.String({ maxLength: 500, description: 'Cursor of the next page; null on the last' }))
  })
}

/** A titled object schema: stands once in the document under components/schemas. */
export function named<T extends TSchema> (title: string, schema: T): T {
  return { ...schema, title }
}

export const Finding = named('Finding', Type.Object({
  code: Type.String({ maxLength: 60, description: 'Stable code, UPPER_SNAKE' }),
  rule_id: nullable(Type.String({ maxLength: 12, description: 'Rule of the policy' })),
  message: Type.String({ maxLength: 1000, description: 'What is wrong and what to do' }),
  message_zh: Type.String({ maxLength: 1000, description: '问题与处理办法' })
}))

export const TraceStep = named('TraceStep', Type.Object({
  rule_id: Type.String({ maxLength: 40, description: 'Rule of the policy, e.g. L-05' }),
  clause: Type.String({ maxLength: 300, description: 'Clause in English' }),
  clause_zh: Type.String({ maxLength: 300, description: '条款' }),
  before: SignedMoney('Amount before the step'),
  after: SignedMoney('Amount after the step')
}))
