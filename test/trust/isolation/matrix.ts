/**
 * The permission matrix of the contract (§2) as data: thing → who may write, who may read and as what, and the operations
 * that do it. The test compares each operation's declared callers with it, both ways, and works out from it who may be told
 * what about each object of the world.
 */
import { ROLES, type Role } from '../../../src/http/access.ts'

/** As what a participant of a role stands to an object; `all`: every participant of the role. */
export type Relation =
  'all' | 'self' | 'park' | 'enterprise' | 'paired' | 'partner' | 'bank' | 'guarantor' | 're_guarantor' | 'lessor' | 'insurer' | 'institution' | 'auditor' | 'member'

export interface Thing {
  thing: string
  write: readonly Role[]
  read: Readonly<Partial<Record<Role, Relation>>>
  /** operation → its roles, where they are not all of `write` */
  writes: Readonly<Record<string, readonly Role[] | 'all'>>
  /** operation → its roles, where they are not all of `read` */
  reads: Readonly<Record<string, readonly Role[] | 'all'>>
  /** why a role stands here that the table of the contract does not name */
  beyond?: string
}

const everybody = Object.fromEntries(ROLES.map(role => [role, 'self'])) as Record<Role, Relation>
const to_everybody = Object.fromEntries(ROLES.map(role => [role, 'all'])) as Record<Role, Relation>
const keepers: readonly Role[] = ['PLATFORM_OPERATOR', 'MEIC']

export const matrix: readonly Thing[] = [
  {
    thing: 'enterprise list', write: ['PARK'], read: { PARK: 'park' },
    writes: { sendEnterpriseList: 'all', decideEnterpriseListRow: 'all' }, reads: { listEnterpriseListRows: 'all', getAnnotatedList: 'all' }
  },
  { thing: 'counts of a list', write: [], read: { PARK: 'park', MEIC: 'all' }, writes: {}, reads: { listEnterpriseLists: 'all', getEnterpriseList: 'all' } },
  {
    thing: 'authorization', write: ['ENTERPRISE', 'PARK'], read: { ENTERPRISE: 'enterprise', PARK: 'park', MEIC: 'all' },
    writes: { giveAuthorization: 'all', withdrawAuthorization: 'all' },
    reads: { listAuthorizations: 'all', getAuthorization: 'all', listDisclosures: 'all' }
  },
  {
    thing: 'enterprise', write: [], read: { ENTERPRISE: 'enterprise', PARK: 'park', MEIC: 'all' }, writes: {},
    reads: { getEnterprise: 'all', getEnterpriseReceipt: ['ENTERPRISE', 'MEIC'] },
    beyond: 'own data of the enterprise, of a park what it said itself, and MEIC without the contact person'
  },
  {
    thing: 'project', write: ['PARK', 'ENTERPRISE', 'DISTRICT_MEIC', 'MEIC', 'PLATFORM_OPERATOR'],
    read: {
      PARK: 'park', ENTERPRISE: 'enterprise', MEIC: 'all', DISTRICT_MEIC: 'all', PLATFORM_OPERATOR: 'all', BANK: 'paired', GUARANTOR: 'paired', LESSOR: 'paired',
      INSURER: 'paired', RE_GUARANTOR: 'paired', AUDITOR: 'paired', FINANCE_BUREAU: 'paired'
    },
    writes: { submitProject: ['PARK', 'ENTERPRISE'], importProjects: ['PARK', 'DISTRICT_MEIC', 'MEIC', 'PLATFORM_OPERATOR'], reviewLibraryEntry: ['DISTRICT_MEIC', 'MEIC'] },
    reads: { listProjects: ['PARK', 'ENTERPRISE', 'MEIC', 'DISTRICT_MEIC', 'PLATFORM_OPERATOR'], getProject: 'all' },
    beyond: 'the authorities that review entries, and the operator that connects 技改e点通, read what they enter; classes other than banks when an authorization names them'
  },
  {
    thing: 'financing need', write: ['PARK', 'ENTERPRISE', 'PARTNER_PLATFORM'], read: { PARK: 'park', ENTERPRISE: 'enterprise', PARTNER_PLATFORM: 'partner' },
    writes: { submitFinancingNeed: 'all', submitFinancingNeedBatch: ['PARK', 'PARTNER_PLATFORM'], withdrawFinancingNeed: 'all' },
    reads: { listFinancingNeeds: 'all', getFinancingNeed: 'all' }
  },
  {
    thing: 'recipients of a need', write: [],
    read: { PARK: 'park', ENTERPRISE: 'enterprise', PARTNER_PLATFORM: 'partner', BANK: 'paired', GUARANTOR: 'paired', LESSOR: 'paired' }, writes: {},
    reads: { listNeedRecipients: 'all' }, beyond: 'an institution asks why, or why not itself (§3)'
  },
  {
    thing: 'lead', write: ['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM'], read: { BANK: 'paired', GUARANTOR: 'paired', LESSOR: 'paired', PARTNER_PLATFORM: 'paired' },
    writes: { recordLeadEvent: 'all' }, reads: { listLeads: 'all', getLead: 'all', listLeadEvents: 'all' },
    beyond: 'other platforms that an authorization names receive leads (S2 十五)'
  },
  {
    thing: 'lateness of leads', write: [], read: { BANK: 'paired', GUARANTOR: 'paired', LESSOR: 'paired', PARTNER_PLATFORM: 'paired', MEIC: 'all' }, writes: {},
    reads: { listOverdueLeads: 'all' }, beyond: 'MEIC watches the clock, without content (S2 十五)'
  },
  { thing: 'document', write: ROLES, read: everybody, writes: { uploadDocument: 'all' }, reads: { getDocument: 'all' } },
  {
    thing: 'loan contract', write: ['BANK'], read: { BANK: 'bank', ENTERPRISE: 'enterprise', GUARANTOR: 'guarantor' },
    writes: { createLoanContract: 'all' }, reads: { listLoanContracts: 'all', getLoanContract: 'all' }
  },
  {
    thing: 'drawdown, voucher, account', write: ['BANK'], read: { BANK: 'bank', ENTERPRISE: 'enterprise' },
    writes: { createDrawdown: 'all', createInterestVoucher: 'all', createInterestVoucherBatch: 'all' },
    reads: { listDrawdowns: 'all', getDrawdown: 'all', listInterestVouchers: 'all', getInterestVoucher: 'all' }
  },
  {
    thing: 'subsidy account', write: ['BANK', 'GUARANTOR'], read: { BANK: 'bank', GUARANTOR: 'guarantor', ENTERPRISE: 'enterprise' },
    writes: { createSubsidyAccount: 'all' }, reads: { listSubsidyAccounts: 'all', getSubsidyAccount: 'all' },
    beyond: 'a guarantor declares its own account: the fee subsidy is paid to it (S2 十)'
  },
  {
    thing: 'lease contract, rent voucher', write: ['LESSOR'], read: { LESSOR: 'lessor', ENTERPRISE: 'enterprise' },
    writes: { createLeaseContract: 'all', createRentVoucher: 'all' },
    reads: { listLeaseContracts: 'all', getLeaseContract: 'all', listRentVouchers: 'all', getRentVoucher: 'all' }
  },
  {
    thing: 'guarantee contract, fee voucher', write: ['GUARANTOR'], read: { GUARANTOR: 'guarantor', ENTERPRISE: 'enterprise' },
    writes: { createGuaranteeContract: 'all', createFeeVoucher: 'all' },
    reads: { listGuaranteeContracts: 'all', getGuaranteeContract: 'all', listFeeVouchers: 'all', getFeeVoucher: 'all' }
  },
  {
    thing: 'insurance policy', write: ['INSURER'], read: { INSURER: 'insurer', ENTERPRISE: 'enterprise' },
    writes: { createInsurancePolicy: 'all' }, reads: { listInsurancePolicies: 'all', getInsurancePolicy: 'all' }
  },
  {
    thing: 'held evidence', write: ['MEIC'], read: { MEIC: 'all' },
    writes: { decideInterestVoucher: 'all', decideRentVoucher: 'all', decideFeeVoucher: 'all', decideInsurancePolicy: 'all' },
    reads: { listInterestVouchers: 'all', listRentVouchers: 'all', listFeeVouchers: 'all', listInsurancePolicies: 'all' },
    beyond: 'not in the table: MEIC hears why evidence is held (§2) and decides what its sender cannot answer; it reads what is held, nothing else'
  },
  {
    thing: 'subsidy line', write: [],
    read: {
      BANK: 'institution', LESSOR: 'institution', GUARANTOR: 'institution', INSURER: 'institution', ENTERPRISE: 'enterprise', MEIC: 'all', FINANCE_BUREAU: 'all', AUDITOR: 'auditor'
    },
    writes: {}, reads: { listSubsidyLines: 'all', getSubsidyLine: 'all', getCeilings: 'all' }
  },
  {
    thing: 'packet', write: ['BANK', 'LESSOR', 'GUARANTOR', 'INSURER', 'MEIC', 'AUDITOR'],
    read: { BANK: 'institution', LESSOR: 'institution', GUARANTOR: 'institution', INSURER: 'institution', AUDITOR: 'auditor', MEIC: 'all', FINANCE_BUREAU: 'all' },
    writes: {
      openSubsidyPacket: ['BANK', 'LESSOR', 'GUARANTOR', 'INSURER'], submitSubsidyPacket: ['BANK', 'LESSOR', 'GUARANTOR', 'INSURER'],
      assignSubsidyPacket: ['MEIC'], approveSubsidyPacket: ['MEIC'], returnSubsidyPacket: ['MEIC'], prepareConclusion: ['AUDITOR'], confirmConclusion: ['AUDITOR'],
      askAboutSubsidyPacket: ['AUDITOR', 'BANK', 'LESSOR', 'GUARANTOR', 'INSURER']
    },
    reads: { listSubsidyPackets: 'all', getSubsidyPacket: 'all', getSubsidyPacketArchive: 'all', listSubsidyPacketQuestions: 'all' }
  },
  { thing: 'budget', write: ['FINANCE_BUREAU'], read: { FINANCE_BUREAU: 'all', MEIC: 'all' }, writes: { decideBudget: 'all' }, reads: { listBudgets: 'all', getReconciliation: 'all' } },
  {
    thing: 'payment batch', write: ['FINANCE_BUREAU'], read: { FINANCE_BUREAU: 'all', MEIC: 'all', ENTERPRISE: 'enterprise', GUARANTOR: 'guarantor' },
    writes: { openPaymentBatch: 'all', closePaymentBatch: 'all', approvePaymentBatch: 'all', recordPaymentResults: 'all' },
    reads: { listPaymentBatches: ['FINANCE_BUREAU', 'MEIC'], getPaymentBatch: 'all', getPaymentInstruction: ['FINANCE_BUREAU'] },
    beyond: 'a guarantor is payee of the fee subsidy and reads its own payments like an enterprise'
  },
  {
    thing: 'claw-back', write: ['FINANCE_BUREAU', 'MEIC'],
    read: { FINANCE_BUREAU: 'all', MEIC: 'all', BANK: 'institution', LESSOR: 'institution', GUARANTOR: 'institution', INSURER: 'institution', ENTERPRISE: 'enterprise' },
    writes: { decideClawback: 'all' }, reads: { listClawbacks: 'all' }, beyond: 'not in the table: the institution corrects, the payee pays back'
  },
  {
    thing: 'hold', write: ['FINANCE_BUREAU', 'MEIC'], read: { FINANCE_BUREAU: 'all', MEIC: 'all' }, writes: { placeHold: 'all', releaseHold: 'all' }, reads: { listHolds: 'all' },
    beyond: 'not in the table: between the authorities'
  },
  {
    thing: 'compensation claim', write: ['BANK', 'GUARANTOR'], read: { BANK: 'bank', GUARANTOR: 'guarantor', RE_GUARANTOR: 'all', FINANCE_BUREAU: 'all' },
    writes: { fileCompensationClaim: ['BANK'], decideCompensationClaim: ['GUARANTOR'], recordRecovery: 'all' },
    reads: { listCompensationClaims: 'all', getCompensationClaim: 'all' }
  },
  {
    thing: 'breaker', write: ['FINANCE_BUREAU'], read: { BANK: 'bank', GUARANTOR: 'guarantor', RE_GUARANTOR: 'all', FINANCE_BUREAU: 'all', MEIC: 'all' },
    writes: { settleBreakers: 'all' }, reads: { listBreakers: 'all', listBreakerScopes: ['GUARANTOR', 'RE_GUARANTOR', 'FINANCE_BUREAU', 'MEIC'] }, beyond: 'not in the table: those who share the risk, and MEIC that steers it (S1 五)'
  },
  {
    thing: 'policy', write: ['MEIC'], read: to_everybody, writes: { proposePolicyVersion: 'all', confirmPolicyVersion: 'all' }, reads: { listPolicies: 'all', getPolicy: 'all' }
  },
  { thing: 'calendar', write: keepers, read: to_everybody, writes: { loadCalendar: 'all' }, reads: { listCalendars: 'all' } },
  {
    thing: 'override of a code', write: ['PLATFORM_OPERATOR'], read: { PLATFORM_OPERATOR: 'all', MEIC: 'all' }, writes: { recordUsccOverride: 'all', endUsccOverride: 'all' },
    reads: { listUsccOverrides: 'all' }, beyond: 'not in the table: the operator records real codes that fail their check character'
  },
  { thing: 'template of a list', write: [], read: to_everybody, writes: {}, reads: { getListTemplate: 'all' }, beyond: 'an empty form' },
  {
    thing: 'participant', write: keepers, read: { ...everybody, PLATFORM_OPERATOR: 'all', MEIC: 'all' },
    writes: { registerParticipant: 'all', changeParticipant: 'all', createClient: 'all', registerKey: 'all', retireKey: 'all' },
    reads: { listParticipants: 'all', getParticipant: 'all', listKeys: 'all', getMe: 'all' }
  },
  {
    thing: 'consortium', write: ['PARK', 'BANK', 'GUARANTOR', ...keepers], read: { ...everybody, PARK: 'member', BANK: 'member', GUARANTOR: 'member', PLATFORM_OPERATOR: 'all', MEIC: 'all' },
    writes: { applyForConsortium: 'all', changeConsortium: keepers, terminateConsortium: keepers, reviewConsortium: ['MEIC'], activateConsortium: ['MEIC'] },
    reads: { listConsortia: 'all', getConsortium: 'all' }, beyond: 'parties to a consortium apply for it together (S1 四(一))'
  },
  { thing: 'quote', write: [], read: to_everybody, writes: {}, reads: { quoteSubsidy: 'all', quoteRiskShare: 'all', quoteDeadlines: 'all' } },
  {
    thing: 'audit log', write: [], read: { ...everybody, MEIC: 'all' }, writes: {}, reads: { listAuditLog: 'all', getCheckpoint: 'all', getAuditProof: 'all', getAuditConsistency: 'all', listEvents: 'all', listFeedReaders: 'all' }
  },
  {
    thing: 'webhook endpoint', write: ROLES, read: everybody,
    writes: { addWebhookEndpoint: 'all', changeWebhookEndpoint: 'all', deleteWebhookEndpoint: 'all', rotateWebhookSecret: 'all', testWebhookEndpoint: 'all', replayWebhooks: 'all' },
    reads: { listWebhookEndpoints: 'all', getWebhookEndpoint: 'all', listWebhookAttempts: 'all' }, beyond: 'not in the table: everybody has its own'
  },
  {
    thing: 'private network of webhooks', write: keepers, read: { PLATFORM_OPERATOR: 'all', MEIC: 'all' }, writes: { openWebhookNetwork: 'all', closeWebhookNetwork: 'all' },
    reads: { listWebhookNetworks: 'all' }, beyond: 'not in the table: two of those who look after the hub open it'
  },
  {
    thing: 'post-loan report', write: ['BANK', 'PARK'], read: { BANK: 'bank', PARK: 'park', MEIC: 'all' }, writes: { sendPostLoanReport: 'all' },
    reads: { listPostLoanReports: 'all', getPostLoanReport: 'all' }, beyond: 'not in the table: reporter, lender and MEIC (S1 四(三)5)'
  },
  {
    thing: 'self-assessment', write: ['PARK'], read: { PARK: 'park', MEIC: 'all' }, writes: { submitSelfAssessment: 'all' }, reads: { listSelfAssessments: 'all' },
    beyond: 'not in the table: a park reports to MEIC (S1 三(三)4)'
  },
  {
    thing: 'report', write: [],
    read: { MEIC: 'all', FINANCE_BUREAU: 'all', REGULATOR_VIEWER: 'all', BANK: 'self', LESSOR: 'self', GUARANTOR: 'self', PARK: 'self', DISTRICT_MEIC: 'self' },
    writes: {}, reads: { getReport: 'all', getReportResult: 'all', listScoredLeads: ['BANK', 'LESSOR', 'GUARANTOR', 'MEIC'], listReportBasis: ['MEIC'] }, beyond: 'not in the table: authorities see figures, institutions their own row'
  }
]

/** Operations that nobody logs in for. */
export const public_operations: readonly string[] = ['getLive', 'getReady', 'getMetrics', 'getToken', 'getContract']

/** Roles that may call an operation by the matrix; an operation that does not stand in it has none. */
export function rolesOf (operation_id: string): readonly Role[] {
  const roles = new Set<Role>()
  for (const { write, read, writes, reads } of matrix) {
    const readers = ROLES.filter(role => read[role] !== undefined)
    for (const role of writes[operation_id] === 'all' ? write : writes[operation_id] ?? []) roles.add(role as Role)
    for (const role of reads[operation_id] === 'all' ? readers : reads[operation_id] ?? []) roles.add(role as Role)
  }
  return ROLES.filter(role => roles.has(role))
}

export function thingNamed (name: string): Thing {
  const found = matrix.find(({ thing }) => thing === name)
  if (found === undefined) throw new Error(`the matrix has no ${name}`)
  return found
}
