import Type, { type Static } from 'typebox'
import { Day, named, nullable, oneOf, InstantOut, Text, Uscc } from '../../http/schema.ts'
import { evidenceFrame, exampleFrame, shownOf } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const ACCOUNT_STATUSES = ['ACTIVE', 'PENDING_CONFIRMATION', 'SUPERSEDED', 'REJECTED'] as const
export const ACCOUNT_KINDS = ['BASIC', 'GENERAL'] as const
export const VERIFICATIONS = ['BANK_DECLARED', 'SMALL_TRANSFER', 'ENTERPRISE_CONFIRMED'] as const

const stated = {
  holder_uscc: Uscc('Holder of the account: the enterprise, or the guarantor that declares its own'),
  account_name: Text('Name of the account; has to be the registered name of the holder', 200, ['重庆云岭精密机械有限公司（虚构）']),
  opening_bank_name: Text('Branch that keeps the account', 200, ['巴渝示范银行渝北支行']),
  cnaps_code: Type.String({ minLength: 1, maxLength: 20, pattern: '^[0-9]{12}$', description: 'CNAPS number of the branch 联行号',
    examples: ['999653000014'] }),
  account_kind: Type.Optional(oneOf(ACCOUNT_KINDS, 'Basic or general account')),
  document_no: Type.Optional(DocumentNo),
  verified_by: Type.Optional(oneOf(VERIFICATIONS, 'How it was verified; BANK_DECLARED when left out')),
  valid_from: Type.Optional(Day('First day'))
}

export const NewSubsidyAccount = named('NewSubsidyAccount', Type.Object({
  ...stated,
  account_no: Type.String({ minLength: 1, maxLength: 64, pattern: '^[0-9 -]+$',
    description: 'Number of the account 账号; never shown again but for its last four digits', examples: ['5000 1234 5678 9012'] })
}, { additionalProperties: false }))
export type NewSubsidyAccount = Static<typeof NewSubsidyAccount>

export const KeptAccount = Type.Object(stated, { additionalProperties: false })
export type KeptAccount = Static<typeof KeptAccount>

export const account_defaults = { verified_by: 'BANK_DECLARED' } as const

const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at } = evidenceFrame('acct',
  ACCOUNT_STATUSES)
export const SubsidyAccount = shownOf('SubsidyAccount', KeptAccount, {
  account_no_masked: Type.String({ maxLength: 8, pattern: '^\\*{4}\\d{4}$', description: 'Last four digits of the number',
    examples: ['****9012'] }),
  confirmed_at: nullable(InstantOut('When a second person confirmed a change')),
  number, participant_no, status, findings, authorization_no, version, created_at, updated_at
})

export const account_example = {
  holder_uscc: '91500112MAXX00015Q', account_name: '重庆云岭精密机械有限公司（虚构）', account_no: '5000123456789012', opening_bank_name: '巴渝示范银行渝北支行',
    cnaps_code: '999653000014'
}

const { account_no: _account_no, ...account_kept } = account_example
export const account_shown = {
  ...Object.fromEntries(Object.keys(KeptAccount.properties).map(name => [name, null])),
  ...account_kept, ...account_defaults, account_no_masked: '****9012', confirmed_at: null, ...exampleFrame('acct', 'bank-1'),
    status: 'ACTIVE'
}
