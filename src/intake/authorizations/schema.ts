import Type, { type Static } from 'typebox'
import {
  Day, Instant, InstantOut, listOf, named, No, nullable, oneOf, PageQuery, ParticipantNo, Sha256, Text, UpdatedSince, Uscc, Version
} from '../../http/schema.ts'
import { CONSENTING_ROLES, METHODS, PURPOSES, SCOPES, SIGNER_ROLES, STATUSES } from './kinds.ts'

/** Who is authorised where the document does not name it: parks collect, they are none. Source: domain §5.2. */
export const platform_operator = '重庆产融合作综合服务平台运营方'

export const AuthorizationNo = No('auth', 'Number of the authorization 授权编号')
export const AuthorizationParams = Type.Object({ authorization_no: AuthorizationNo })

const Recipients = Type.Array(ParticipantNo('Class of recipients (PAIRED_BANK, PAIRED_GUARANTOR, RE_GUARANTOR, AUDITOR, FISCAL, LESSOR, INSURER) or the number of one participant'), {
  minItems: 1, maxItems: 30, uniqueItems: true, description: 'Who may receive 被授权接收方', examples: [['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL']]
})
const Scopes = Type.Array(oneOf(SCOPES, 'Scope of fields'), { minItems: 1, maxItems: 13, uniqueItems: true, description: 'What may be passed on 授权数据范围' })
const Purposes = Type.Array(oneOf(PURPOSES, 'Purpose'), { minItems: 1, maxItems: 6, uniqueItems: true, description: 'For what 使用目的' })

const Consents = Type.Array(Type.Object({
  name: Text('Who consented 同意人', 100),
  role: oneOf(CONSENTING_ROLES, 'As what'),
  consented_on: Type.Optional(Day('When')),
  evidence_digest: Type.Optional(Sha256('SHA-256 of the signed consent'))
}, { additionalProperties: false }), { maxItems: 20, description: 'Separate consents of natural persons 个人信息单独同意; names are kept sealed' })

const grant = {
  signer_name: Type.Optional(Text('Who signed 签署人', 100)),
  signer_role: Type.Optional(oneOf(SIGNER_ROLES, 'Legal representative or agent')),
  recipients: Recipients,
  scopes: Scopes,
  purposes: Purposes,
  covers_history_from: Type.Optional(Day('Documents from this day on may be used although they are older than the signature (A-13)')),
  valid_from: Type.Optional(Day('First day; by default today in Beijing')),
  valid_to: Day('First day on which it no longer holds'),
  method: Type.Optional(oneOf(['E_SIGNATURE', 'SEAL_SCAN', 'PORTAL_CONFIRM'], 'How it was given; by default PORTAL_CONFIRM for an enterprise, SEAL_SCAN for a park')),
  evidence_digest: Type.Optional(Sha256('SHA-256 of the signed document; by default, for a park without document, that of what it declared')),
  document_no: Type.Optional(Text('Number of the uploaded document', 40)),
  template_version: Type.Optional(Text('Version of the text that was signed', 40)),
  grantee: Type.Optional(Text('Who is authorised 被授权人: the operator of the platform; a park collects and is none', 200)),
  agent_proof_digest: Type.Optional(Sha256('SHA-256 of the power of attorney where an agent signed 授权委托书摘要')),
  evidence_ref: Type.Optional(Text('Where the signed document can be found 授权书存放编号', 200)),
  collected_by_park: Type.Optional(ParticipantNo('Park that collected it: the caller itself')),
  collected_at: Type.Optional(Instant('When it was collected 代收时间')),
  personal_info_consents: Type.Optional(Consents)
}

export const NewAuthorization = named('NewAuthorization', Type.Object({
  grantor_uscc: Uscc(),
  grantor_name: Type.Optional(Text('Name of the enterprise that authorises; by default the one known, needed from a park that names an enterprise for the first time')),
  ...grant
}, { additionalProperties: false }))
export type NewAuthorization = Static<typeof NewAuthorization>

/** The authorization an enterprise gives together with its need (S1 四(三)2). */
export const InlineAuthorization = named('InlineAuthorization', Type.Object(grant, { additionalProperties: false }))
export type InlineAuthorization = Static<typeof InlineAuthorization>

export const AuthorizationSchema = named('Authorization', Type.Object({
  authorization_no: AuthorizationNo,
  grantor_uscc: Uscc(),
  grantor_name: Text('Name of the enterprise'),
  signer_name: nullable(Text('Who signed', 100)),
  signer_role: nullable(oneOf(SIGNER_ROLES, 'Legal representative or agent')),
  collector_no: nullable(ParticipantNo('Park that collected it; null when the enterprise gave it itself')),
  recipients: Recipients,
  scopes: Scopes,
  purposes: Purposes,
  covers_history_from: nullable(Day('Older documents from this day on may be used')),
  valid_from: Day('First day'),
  valid_to: Day('First day on which it no longer holds'),
  method: oneOf(METHODS, 'How it was given'),
  evidence_digest: nullable(Sha256('Digest of the evidence')),
  document_no: nullable(Text('Number of the uploaded document', 40)),
  template_version: nullable(Text('Version of the text that was signed', 40)),
  grantee: Text('Who is authorised'),
  agent_proof_digest: nullable(Sha256('Digest of the power of attorney')),
  evidence_ref: nullable(Text('Where the signed document can be found')),
  collected_by_park: nullable(ParticipantNo('The same as collector_no')),
  collected_at: nullable(InstantOut('When it was collected')),
  personal_info_consents: Consents,
  status: oneOf(STATUSES, 'State today; EXPIRED from valid_to on, PENDING before valid_from'),
  withdrawn_at: nullable(InstantOut('When it was withdrawn')),
  withdrawal_reason: nullable(Text('Why', 500)),
  list_no: nullable(No('list', 'List it came with')),
  version: Version,
  created_at: InstantOut('Received'),
  updated_at: InstantOut('Last change')
}))

export const DisclosureSchema = named('Disclosure', Type.Object({
  basis: oneOf(['MATCHING', 'SETTLEMENT', 'REGULATOR'], 'MATCHING: a lead was pushed; SETTLEMENT: a sealed packet was read, by law also after a withdrawal; ' +
    'REGULATOR: a single case was read with case number and reason, or the receipt of held evidence by who decides on it'),
  recipient_no: ParticipantNo('Who received'),
  lead_no: nullable(No('lead', 'Lead with which the fields left')),
  packet_no: nullable(No('pkt', 'Sealed packet that was read')),
  fields_released: Type.Array(Text('Field', 60), { maxItems: 100, description: 'Fields that left' }),
  disclosed_at: InstantOut('When'),
  digest: Sha256('Digest of the exact text that left')
}))

export const WithdrawBody = named('Withdrawal', Type.Object({ reason: Type.Optional(Text('Why 撤回原因', 500)) }, { additionalProperties: false }))

export const WithdrawnAuthorization = named('WithdrawnAuthorization', Type.Object({
  ...AuthorizationSchema.properties,
  disclosures: Type.Array(DisclosureSchema, { maxItems: 10_000, description: 'What had already left, to whom' }),
  deletion_due_date: Day('Until this day the recipients delete what no law and no subsidy makes them keep')
}))

export const AuthorizationPage = listOf(AuthorizationSchema)
export const DisclosurePage = listOf(DisclosureSchema)
export const AuthorizationQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  grantor_uscc: Type.Optional(Uscc('Only of this enterprise')),
  status: Type.Optional(oneOf(STATUSES, 'Only in this state'))
}, { additionalProperties: false })
export type AuthorizationQuery = Static<typeof AuthorizationQuery>

/** Examples of the room. */
export const authorization_example = {
  authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  grantor_uscc: '91500112MAXX00015Q',
  grantor_name: '重庆云岭精密机械有限公司（虚构）',
  signer_name: null,
  signer_role: null,
  collector_no: null,
  recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'],
  scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED'],
  purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT'],
  covers_history_from: null,
  valid_from: '2026-03-18',
  valid_to: '2029-03-18',
  method: 'PORTAL_CONFIRM',
  evidence_digest: null,
  document_no: null,
  template_version: null,
  grantee: platform_operator,
  agent_proof_digest: null,
  evidence_ref: null,
  collected_by_park: null,
  collected_at: null,
  personal_info_consents: [],
  status: 'ACTIVE',
  withdrawn_at: null,
  withdrawal_reason: null,
  list_no: null,
  version: 1,
  created_at: '2026-03-18T02:00:00.000Z',
  updated_at: '2026-03-18T02:00:00.000Z'
}
export const new_authorization_example = {
  grantor_uscc: '91500112MAXX00015Q',
  grantor_name: '重庆云岭精密机械有限公司（虚构）',
  recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'],
  scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED'],
  purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT'],
  valid_from: '2026-03-18',
  valid_to: '2029-03-18',
  method: 'PORTAL_CONFIRM'
}
