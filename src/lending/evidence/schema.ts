/** Shapes that every room of evidence has: what a participant states, what a reader is shown. */
import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { BusinessNo, Finding, InstantOut, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Text, UpdatedSince, Uscc,
  Version } from '../../http/schema.ts'

export const EVIDENCE_STATUSES = ['ACCEPTED', 'HELD', 'SUPERSEDED', 'REJECTED'] as const
export type EvidenceStatus = typeof EVIDENCE_STATUSES[number]

/** Number of a thing in a path: the hub's, or the participant's own. */
export const NumberParams = Type.Object({
  number: Type.String({
    minLength: 1, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    description: 'The number of the hub, or the own business number of the participant that sent it',
      examples: ['vch_01JB2Q8Z6V7K3M5N9P4R1S0T2W']
  })
}, { additionalProperties: false })

export const evidenceQuery = (statuses: readonly string[] = EVIDENCE_STATUSES) => ({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  uscc: Type.Optional(Uscc('Only those of this enterprise')),
  project_code: Type.Optional(ProjectCode('Only those of this project'))
})

/** Correction and its reason, for what may be corrected. */
export const CorrectionFields = {
  correction_of: Type.Optional(BusinessNo('Own earlier one that this replaces: its number here or at the sender', ['V2026Q1-000'])),
  reason: Type.Optional(Text('Why it differs: a gap, another rate, a rounding of the sender', 500, ['4 月起按季重定价']))
}

/** Which one replaced it, for what may be corrected. */
export const SupersededBy = (prefix: string) => nullable(Type.String({ maxLength: 40, description: 'Number of the correction that replaced it',
  examples: [`${prefix}_01JB2Q8Z6V7K3M5N9P4R1S0T2W`] }))

/** Number and state around what was stated. */
export const evidenceFrame = (prefix: string, statuses: readonly string[] = EVIDENCE_STATUSES) => ({
  number: Type.String({ maxLength: 40, description: 'Number given by the hub', examples: [`${prefix}_01JB2Q8Z6V7K3M5N9P4R1S0T2W`] }),
  participant_no: ParticipantNo('Participant that sent it'),
  status: oneOf(statuses, 'State'),
  findings: Type.Array(Finding, { maxItems: 50, description: 'What was noticed; a held one says here why' }),
  authorization_no: nullable(Type.String({ maxLength: 40, description: 'Authorization of the enterprise under which it was taken in',
    examples: ['auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] })),
  version: Version,
  created_at: InstantOut('When the hub took it in'),
  updated_at: InstantOut('When it last changed')
})

/** Every field that may be stated, needed ones as they are, the others or null; with the frame around. */
export function shownOf (title: string, stated: TObject, frame: Record<string, TSchema>): TSchema {
  const needed = new Set((stated as { required?: string[] }).required)
  const properties: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(stated.properties as Record<string,
    TSchema>)) properties[name] = needed.has(name) ? schema : nullable(schema)
  for (const [name, schema] of Object.entries(frame)) properties[name] = schema
  return Type.Unsafe({ type: 'object', title, properties, required: Object.keys(properties) })
}

/** What was stated with null for what was not, or the default that holds instead. */
export function completed (stated: TObject, body: object, defaults: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const given = body as Record<string, unknown>
  return Object.fromEntries(Object.keys(stated.properties).map(name => [name, given[name] ?? defaults[name] ?? null]))
}

/** The frame of an example reply. */
export const exampleFrame = (prefix: string, participant_no: string) => ({
  number: `${prefix}_01JB2Q8Z6V7K3M5N9P4R1S0T2W`,
  participant_no,
  status: 'ACCEPTED',
  findings: [],
  authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  version: 1,
  created_at: '2026-03-21T02:00:00.000Z',
  updated_at: '2026-03-21T02:00:00.000Z'
})

/** What the commission decides about held evidence. */
export const Decision = Type.Object({
  decision: oneOf(['RELEASE', 'REJECT'], 'RELEASE: it counts from now on; REJECT: it never will'),
  reason: Text('Why; the sender and the auditor read it', 500, ['两份回单系同一笔扣款的补打件，已与银行核实'])
}, { additionalProperties: false })
export type Decision = Static<typeof Decision>
