import Type from 'typebox'
import { DUTIES, ROLES } from '../../http/access.ts'
import { Day, InstantOut, listOf, named, No, nullable, oneOf, PageQuery, ParticipantNo, Sha256, Text, UpdatedSince, Uscc, Version } from '../../http/schema.ts'
import { KEY_ALGORITHMS, KEY_STATUSES, PARTICIPANT_STATUSES, USER_STATUSES } from './statuses.ts'

const strict = { additionalProperties: false } as const
const UserNo = (description: string) => Type.String({ minLength: 1, maxLength: 60, pattern: '^[A-Za-z0-9_-]+$', description, examples: ['bank-4-user-1'] })
const ClientId = (description: string) => Type.String({ minLength: 1, maxLength: 80, pattern: '^[A-Za-z0-9_-]+$', description, examples: ['client-bank-1'] })
const Person = (description: string) => Text(description, 80)
const Duties = Type.Array(oneOf(DUTIES, 'Duty'), { minItems: 1, maxItems: 2, uniqueItems: true, description: 'Duties of the person 经办、复核' })
const RegionCode = Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'District 行政区划代码 (GB/T 2260)', examples: ['500120'] })
const Aliases = Type.Array(Text('Other name', 100), { maxItems: 20, uniqueItems: true, description: 'Other names under which lists write it' })

export const Me = named('Me', Type.Object({
  participant_no: ParticipantNo(),
  role: oneOf(ROLES, 'Role of the participant'),
  name: Text('Name of the participant'),
  uscc: Uscc(),
  client_id: Text('Client that calls', 80),
  user_no: nullable(Text('The person who calls; null for a machine', 80)),
  duties: Type.Array(oneOf(DUTIES, 'Duty'), { maxItems: 2, description: 'Duties of the person' })
}))

export const ParticipantParams = Type.Object({ participant_no: ParticipantNo('Participant') })
export const KeyParams = Type.Object({ participant_no: ParticipantNo('Participant'), key_no: No('key', 'Key') })

export const NewParticipantSchema = named('NewParticipant', Type.Object({
  participant_no: ParticipantNo('Number of the participant, for ever'),
  role: oneOf(ROLES, 'Role'),
  name: Text('Registered name 名称'),
  uscc: Uscc(),
  region_code: Type.Optional(RegionCode),
  aliases: Type.Optional(Aliases),
  is_government_guarantor: Type.Optional(Type.Boolean({ description: 'Government financing guarantor 政府性融资担保机构; false when left out' })),
  is_cooperating: Type.Optional(Type.Boolean({ description: 'Cooperating institution 合作金融机构; false when left out' })),
  users: Type.Optional(Type.Array(named('NewUser', Type.Object({ user_no: UserNo('Number of the person, for ever'), name: Text('Name'), duties: Duties }, strict)), {
    maxItems: 100, description: 'Persons who call for the participant'
  }))
}, strict))

const UserChangeSchema = named('UserChange', Type.Object({
  user_no: UserNo('Number of the person'), name: Text('Name'), duties: Duties, status: oneOf(USER_STATUSES, 'SUSPENDED counts at once')
}, strict))
const changes = {
  name: Type.Optional(Text('Registered name')),
  region_code: Type.Optional(RegionCode),
  aliases: Type.Optional(Aliases),
  is_government_guarantor: Type.Optional(Type.Boolean({ description: 'Government financing guarantor' })),
  is_cooperating: Type.Optional(Type.Boolean({ description: 'Cooperating institution' })),
  status: Type.Optional(oneOf(['ACTIVE', 'SUSPENDED'], 'SUSPENDED counts at once, ACTIVE when a second person sends it')),
  users: Type.Optional(Type.Array(UserChangeSchema, { maxItems: 100, description: 'Persons to be added or changed; others stay' }))
}
export const ParticipantChange = named('ParticipantChange', Type.Object(changes, { ...strict, minProperties: 1 }))

const summary = {
  participant_no: ParticipantNo(),
  role: oneOf(ROLES, 'Role'),
  name: Text('Registered name'),
  uscc: Uscc(),
  region_code: nullable(RegionCode),
  aliases: Aliases,
  is_government_guarantor: Type.Boolean({ description: 'Government financing guarantor' }),
  is_cooperating: Type.Boolean({ description: 'Cooperating institution' }),
  status: oneOf(PARTICIPANT_STATUSES, 'PENDING_SECOND_PERSON until another person enters the same'),
  proposed: nullable(named('ParticipantProposal', Type.Object({
    changes: named('ParticipantProposedChange', Type.Object(changes)),
    proposed_by: Person('The person who proposed it'),
    proposed_at: InstantOut('When')
  }))),
  created_by: nullable(Person('The person who entered it')),
  confirmed_by: nullable(Person('The person who confirmed it')),
  version: Version,
  created_at: InstantOut('When it was entered'),
  updated_at: InstantOut('When it last changed')
}
export const ParticipantList = listOf(named('ParticipantSummary', Type.Object(summary)))
export const ParticipantSchema = named('Participant', Type.Object({
  ...summary,
  users: Type.Array(named('User', Type.Object({ user_no: UserNo('Number of the person'), name: Text('Name'), duties: Duties, status: oneOf(USER_STATUSES, 'State') })), {
    maxItems: 1000, description: 'Persons who call for the participant'
  })
}))
export const ParticipantListQuery = Type.Object({
  role: Type.Optional(oneOf(ROLES, 'Only this role')),
  status: Type.Optional(oneOf(PARTICIPANT_STATUSES, 'Only in this state')),
  uscc: Type.Optional(Uscc('Only this code')),
  ...UpdatedSince,
  ...PageQuery
}, strict)

export const NewClient = named('NewClient', Type.Object({ user_no: Type.Optional(UserNo('The person it is for; a machine when left out')) }, strict))
export const ClientSchema = named('Client', Type.Object({
  client_id: ClientId('Client for /oauth/token'),
  participant_no: ParticipantNo(),
  user_no: nullable(UserNo('The person; null for a machine')),
  client_secret: nullable(Text('Shown this once, in the sandbox only; null in production, where a registered key proves the client', 120)),
  created_by: Person('The person who made it'),
  created_at: InstantOut('When')
}))

const jwk = (description: string, max = 100) => Type.Optional(Type.String({ minLength: 1, maxLength: max, pattern: '^[A-Za-z0-9_-]+$', description }))
export const NewKeySchema = named('NewKey', Type.Object({
  algorithm: oneOf(KEY_ALGORITHMS, 'What it signs with; SM2 signs requests, not assertions'),
  public_key_pem: Type.Optional(Type.String({ minLength: 40, maxLength: 4000, pattern: '^-----BEGIN [A-Z ]+-----[\\sA-Za-z0-9+/=-]+-----END [A-Z ]+-----\\s*$', description: 'SPKI as PEM; or public_key_jwk' })),
  public_key_jwk: Type.Optional(named('PublicJwk', Type.Object({
    kty: oneOf(['OKP', 'EC', 'RSA'], 'Key type'), crv: jwk('Curve', 20), x: jwk('x'), y: jwk('y'), n: jwk('Modulus', 1500), e: jwk('Exponent', 20), kid: jwk('Ignored'), alg: jwk('Ignored', 20), use: jwk('Ignored', 10)
  }, strict))),
  user_no: Type.Optional(UserNo('The person it is for; the machine when left out')),
  valid_from: Type.Optional(Day('First day; today when left out')),
  valid_to: Type.Optional(Day('Day after the last; two years later when left out'))
}, strict))
export const KeySchema = named('Key', Type.Object({
  key_no: No('key', 'Number of the key: `kid` of assertions, `keyid` of signatures'),
  participant_no: ParticipantNo(),
  user_no: nullable(UserNo('The person; null for the machine')),
  algorithm: oneOf(KEY_ALGORITHMS, 'What it signs with'),
  public_key: Type.String({ maxLength: 4000, description: 'SPKI as PEM' }),
  fingerprint: Sha256('SHA-256 of the SPKI'),
  valid_from: Day('First day'),
  valid_to: Day('Day after the last'),
  status: oneOf(KEY_STATUSES, 'PENDING_SECOND_PERSON until another person registers the same'),
  created_by: Person('The person who registered it'),
  confirmed_by: nullable(Person('The person who confirmed it')),
  retired_by: nullable(Person('The person who retired it')),
  retirement_reason: nullable(Text('Why', 500)),
  version: Version,
  created_at: InstantOut('When it was registered'),
  updated_at: InstantOut('When it last changed')
}))
export const KeyList = listOf(KeySchema)
export const KeyListQuery = Type.Object({ status: Type.Optional(oneOf(KEY_STATUSES, 'Only in this state')), ...PageQuery }, strict)
export const KeyRetirement = named('KeyRetirement', Type.Object({ reason: Text('Why', 500, ['Replaced by a new key']) }, strict))

const at = '2026-03-18T02:00:00.000Z'
const new_participant = {
  participant_no: 'bank-4', role: 'BANK', name: '嘉陵示范银行（虚构）', uscc: '91500000MAYY00034Y', is_cooperating: true, users: [{ user_no: 'bank-4-user-1', name: '示范用户', duties: ['PREPARE', 'APPROVE'] }]
}
const { users: new_users, ...shown } = new_participant
const listed = {
  ...shown, region_code: null, aliases: [], is_government_guarantor: false, status: 'PENDING_SECOND_PERSON', proposed: null, created_by: 'platform-operator-user-1', confirmed_by: null,
  version: 1, created_at: at, updated_at: at
}
const participant = { ...listed, users: new_users.map(({ user_no, name, duties }) => ({ user_no, name, duties, status: 'ACTIVE' })) }
const pem = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n'
const key = {
  key_no: 'key_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'bank-4', user_no: null, algorithm: 'ED25519', public_key: pem,
  fingerprint: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', valid_from: '2026-03-18', valid_to: '2028-03-18', status: 'PENDING_SECOND_PERSON',
  created_by: 'platform-operator-user-1', confirmed_by: null, retired_by: null, retirement_reason: null, version: 1, created_at: at, updated_at: at
}

export const participant_examples = {
  new_participant,
  participant,
  list: { items: [listed], next_cursor: null },
  suspended: { ...participant, status: 'SUSPENDED', confirmed_by: 'platform-operator-user-2', version: 3 },
  new_client: { user_no: 'bank-4-user-1' },
  client: { client_id: 'client_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'bank-4', user_no: 'bank-4-user-1', client_secret: null, created_by: 'platform-operator-user-1', created_at: at },
  new_key: { algorithm: 'ED25519', public_key_pem: pem, valid_from: '2026-03-18', valid_to: '2028-03-18' },
  key,
  retired: { ...key, status: 'RETIRED', confirmed_by: 'platform-operator-user-2', retired_by: 'meic-user-1', retirement_reason: 'Replaced by a new key', version: 3 }
}
