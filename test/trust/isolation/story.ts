/** One enterprise's way through the hub, told by everybody on its side, with values of its own in every field that takes some. */
import { aGrant, aNeed, aProject, aRow } from '../../fixtures.ts'
import type { Built, Caller } from '../../helper.ts'
import { aDrawdown, aFeeVoucher, aGuarantee, aLease, aLoanContract, anAccount, aPolicy, aRentVoucher, aVoucher } from '../../lending/fixtures.ts'
import { leadFor, nextUscc } from '../../matching/needs.ts'
import { done } from '../../subsidy/fixtures.ts'
import type { Canaries } from './canaries.ts'
import { one, readersOf, type Side } from './parties.ts'

/** Numbers of a story's objects by collection, as they stand in paths. */
export type Numbers = Readonly<Record<string, string>>
export interface Told { side: Side, numbers: Record<string, string>, bodies: Record<string, Record<string, unknown>> }

export const every_scope = ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'INSURANCE', 'SUBSIDY_ACCOUNT', 'POST_LOAN']
export const every_class = ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'RE_GUARANTOR', 'AUDITOR', 'FISCAL', 'LESSOR', 'INSURER']
export const every_purpose = ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT', 'RISK_SHARING', 'POST_LOAN_MONITORING']
export const settlers = ['meic', 'finance-bureau']
const code_of: Readonly<Record<Side, string>> = { left: '2606-500112-07-02-100001', right: '2606-500112-07-02-100002' }

export const whole = (over: Record<string, unknown> = {}) => aGrant({
  recipients: every_class, scopes: every_scope, purposes: every_purpose, valid_from: '2026-01-12', evidence_digest: '0'.repeat(64), ...over
})

export class Story {
  readonly hub: Built
  readonly side: Side
  readonly canaries: Canaries
  readonly numbers: Record<string, string> = {}
  /** what was sent, by operation: sent again it is the same business */
  readonly bodies: Record<string, Record<string, unknown>> = {}
  readonly project_code: string

  constructor (hub: Built, canaries: Canaries, side: Side) {
    this.hub = hub
    this.side = side
    this.canaries = canaries
    this.project_code = code_of[side]
  }

  as (relation: Parameters<typeof one>[1], user?: number): Caller {
    return this.hub.as(one(this.side, relation), user)
  }

  get uscc (): string { return this.as('enterprise').uscc }

  get name (): string {
    return this.hub.sandbox.participants.find(({ participant_no }) => participant_no === one(this.side, 'enterprise'))?.name ?? ''
  }

  readers (things: readonly string[], own: readonly string[] = []): string[] {
    return readersOf(this.hub, this.side, things, own)
  }

  text (label: string, things: readonly string[], own: readonly string[] = []): string {
    return this.canaries.text(`${this.side}: ${label}`, this.readers(things, own))
  }

  amount (label: string, about_yuan: number, things: readonly string[], own: readonly string[] = []): string {
    return this.canaries.amount(`${this.side}: ${label}`, this.readers(things, own), about_yuan)
  }

  /** Keeps a number of the hub: it is a canary too. */
  number (collection: string, value: unknown, things: readonly string[], own: readonly string[] = []): string {
    const text = String(value)
    this.numbers[collection] = text
    this.canaries.learn(text, `${this.side}: number of ${collection}`, this.readers(things, own))
    return text
  }

  async post (caller: Caller, operation: string, path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    this.bodies[operation] = body
    return done(await caller.post(path, body))
  }

  async document (label: string, caller: Caller, readers: readonly string[] = []): Promise<string> {
    const all = [caller.participant_no, ...readers]
    const told = (what: string) => this.canaries.text(`${this.side}: ${what} of ${label}`, all)
    const bytes = Buffer.from(`示范文件 ${told('bytes')}`)
    const { document_no } = done<{ document_no: string }>(await caller.upload('/v1/documents', { name: `${told('file name')}.pdf`, bytes, type: 'application/pdf' }))
    this.canaries.learn(document_no, `${this.side}: document number of ${label}`, [...all, one(this.side, 'enterprise'), one(this.side, 'guarantor')])
    this.numbers.documents = document_no
    return document_no
  }

  /** Lists, authorizations, projects and needs, up to leads. */
  async intake (): Promise<void> {
    const { hub } = this
    const park = this.as('park')
    const enterprise = this.as('enterprise', 1)
    const partner = one(this.side, 'partner')
    const given = await this.post(enterprise, 'giveAuthorization', '/v1/authorizations', {
      grantor_uscc: this.uscc, grantor_name: this.name, ...whole(), signer_name: this.text('signer', [], [enterprise.participant_no, 'meic'])
    })
    this.number('authorizations', given.authorization_no, ['authorization', 'lead', 'drawdown, voucher, account', 'lease contract, rent voucher', 'guarantee contract, fee voucher',
      'insurance policy'], settlers.concat(one(this.side, 'auditor'), one(this.side, 'lessor'), one(this.side, 'insurer'), partner))
    const collected = done<{ authorization_no: string }>(await park.post('/v1/authorizations', {
      grantor_uscc: this.uscc, grantor_name: this.name, ...whole(), signer_name: this.text('signer before the park', ['authorization'])
    }))
    this.canaries.learn(collected.authorization_no, `${this.side}: collected authorization`, this.readers(['authorization', 'lead', 'financing need', 'drawdown, voucher, account',
      'lease contract, rent voucher', 'guarantee contract, fee voucher', 'insurance policy', 'loan contract'], [...settlers, one(this.side, 'auditor')]))

    const investment = this.amount('investment', 12_000_000, ['project', 'lead', 'enterprise'])
    await this.post(enterprise, 'submitProject', '/v1/projects', aProject({
      project_code: this.project_code, name: `示范项目${this.text('project name', ['project', 'lead', 'enterprise'])}`, total_investment: investment,
      filing_authority: this.text('filing authority', ['project'])
    }))
    this.numbers.projects = this.project_code
    await this.sendList()
    const told = ['financing need', 'lead', 'enterprise']
    const need = await this.post(park, 'submitFinancingNeed', '/v1/financing-needs', aNeed({
      uscc: this.uscc, project_code: this.project_code, project_name: '示范项目', authorization_no: collected.authorization_no, wants_guarantee: true,
      purpose: `设备更新${this.text('purpose', told)}`, amount: this.amount('amount of the need', 5_000_000, told), reference: this.text('reference', ['financing need']),
      industry_code: '3411', region_code: '500112', employees: 80, revenue: this.amount('revenue', 50_000_000, ['enterprise']),
      contact_name: this.text('contact', ['lead'], [enterprise.participant_no, park.participant_no]),
      contact_phone: this.canaries.digits(`${this.side}: phone`, this.readers(['lead'], [enterprise.participant_no, park.participant_no]), '139', 11)
    }))
    this.number('financing-needs', need.need_no, ['financing need', 'recipients of a need', 'lead', 'lateness of leads', 'enterprise'])
    await hub.loops.settle()
    for (const bank of ['bank-1', 'bank-2', 'bank-3', 'guarantor-1', 'guarantor-2']) {
      const lead = await leadFor(hub, bank, String(need.need_no)).catch(() => null)
      if (lead === null) continue
      this.canaries.learn(lead.lead_no, `${this.side}: lead of ${bank}`, [bank, 'meic', ...this.readers(['financing need', 'enterprise', ...bank === one(this.side, 'bank') ? ['loan contract'] : []])])
      if (bank === one(this.side, 'bank')) this.numbers.leads = lead.lead_no
    }
  }

  private async sendList (): Promise<void> {
    const park = this.as('park', 1)
    const own = ['enterprise list']
    const uscc = nextUscc()
    this.canaries.learn(uscc, `${this.side}: enterprise of a list`, this.readers(['enterprise list', 'lead', 'authorization', 'financing need']))
    const rows = [
      aRow({ uscc, name: `示范企业${this.text('enterprise of a list', ['enterprise list', 'lead', 'authorization'])}`, project_code: undefined, project_name: undefined,
        purpose: `扩产${this.text('purpose in a list', ['enterprise list', 'lead', 'financing need'])}` }),
      aRow({ uscc: nextUscc(), name: `待确认${this.text('held row', own)}`, amount: '300.00', project_code: undefined, project_name: undefined }),
      aRow({ uscc: 'WRONG', name: `退回${this.text('refused row', own)}` })
    ]
    const list = await this.post(park, 'sendEnterpriseList', '/v1/enterprise-lists', { rows })
    const list_no = this.number('enterprise-lists', list.list_no, ['counts of a list', 'authorization', 'financing need'])
    for (let tries = 0; tries < 400; tries++) {
      await this.hub.loops.settle()
      if (done<{ status: string }>(await park.get(`/v1/enterprise-lists/${list_no}`)).status === 'DECIDED') break
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    const { items } = done<{ items: { row_id: string, outcome: string }[] }>(await park.get(`/v1/enterprise-lists/${list_no}/rows`))
    const held = items.find(({ outcome }) => outcome === 'HELD')?.row_id ?? ''
    this.number('rows', held, own)
    await this.post(park, 'decideEnterpriseListRow', `/v1/enterprise-lists/${list_no}/rows/${held}/decision`, { decision: 'DROP', reason: this.text('reason for a row', own) })
  }

  /** Answers to leads, contracts, vouchers, accounts. */
  async lending (): Promise<void> {
    const { hub, uscc, project_code } = this
    const bank = this.as('bank', 1)
    const { participant_no } = bank
    const lead = `/v1/leads/${this.numbers.leads}/events`
    const at = hub.clock.now()
    await this.post(bank, 'recordLeadEvent', lead, {
      type: 'CONTACTED', occurred_at: at, channel: 'PHONE', person: this.text('person spoken to', [], [participant_no]), result: this.text('result', [], [participant_no])
    })
    done(await bank.post(lead, { type: 'APPROVED', occurred_at: at, amount: this.amount('approved', 4_000_000, [], [participant_no]), annual_rate_pct: '3.60', term_months: 36,
      conditions: this.text('conditions', [], [participant_no]) }))
    const sealed = [one(this.side, 'auditor'), ...settlers]
    const seen = ['drawdown, voucher, account']
    const loan = await this.post(bank, 'createLoanContract', '/v1/loan-contracts', aLoanContract(await this.document('contract', bank, [one(this.side, 'auditor'), ...settlers]), {
      loan_contract_no: this.text('loan contract number', ['loan contract', 'compensation claim', 'enterprise'], sealed), borrower_uscc: uscc, project_code,
      lender_branch_name: this.text('branch', ['loan contract'], sealed), purpose_text: this.text('purpose of the loan', ['loan contract'], sealed), lead_no: this.numbers.leads
    }))
    this.number('loan-contracts', loan.number, ['loan contract', 'compensation claim'], sealed)
    const drawdown = await this.post(bank, 'createDrawdown', '/v1/drawdowns', aDrawdown(String(loan.loan_contract_no), {
      iou_no: this.text('drawdown number', [...seen, 'compensation claim', 'enterprise', 'post-loan report'], sealed),
      payees: [{ name: this.text('payee', seen, sealed), amount: '9000000.00', account_tail: '1234' }]
    }))
    this.number('drawdowns', drawdown.number, [...seen, 'compensation claim'], sealed)
    const voucher = await this.post(bank, 'createInterestVoucher', '/v1/interest-vouchers', aVoucher(String(drawdown.iou_no), await this.document('receipt', bank, sealed), {
      voucher_no: this.text('voucher number', [...seen, 'enterprise'], sealed), payer_account_name: this.name, bank_txn_no: this.text('bank transaction', seen, sealed),
      receipt_no: this.text('receipt number', seen, sealed)
    }))
    this.number('interest-vouchers', voucher.number, [...seen, 'enterprise'], sealed)
    const account = await this.post(bank, 'createSubsidyAccount', '/v1/subsidy-accounts', anAccount({
      holder_uscc: uscc, account_name: this.name, account_no: this.canaries.digits(`${this.side}: account`, ['finance-bureau'], '5000', 16),
      opening_bank_name: this.text('branch of the account', [], [participant_no, one(this.side, 'enterprise'), ...sealed])
    }))
    this.number('subsidy-accounts', account.number, ['drawdown, voucher, account'], sealed)
    await this.guaranteed(String(loan.loan_contract_no), String(drawdown.iou_no), sealed)
    await this.leasedAndInsured(sealed)
  }

  private async guaranteed (loan_contract_no: string, iou_no: string, sealed: readonly string[]): Promise<void> {
    const guarantor = this.as('guarantor', 1)
    const seen = ['guarantee contract, fee voucher']
    const bank_no = one(this.side, 'bank')
    const contract = await this.post(guarantor, 'createGuaranteeContract', '/v1/guarantee-contracts', aGuarantee(loan_contract_no, await this.document('guarantee', guarantor), {
      guarantee_contract_no: this.text('guarantee number', [...seen, 'compensation claim', 'enterprise', 'loan contract'], sealed), borrower_uscc: this.uscc, lender_no: bank_no,
      re_guarantee_filing_no: this.text('filing', [...seen, 'compensation claim'], sealed), entrusted_guarantee_contract_no: this.text('entrusted', seen, sealed), override_reason: this.text('override', seen, sealed)
    }))
    this.number('guarantee-contracts', contract.number, [...seen, 'compensation claim'], sealed)
    const fee = await this.post(guarantor, 'createFeeVoucher', '/v1/fee-vouchers', aFeeVoucher(String(contract.guarantee_contract_no), await this.document('fee receipt', guarantor, sealed), {
      fee_voucher_no: this.text('fee voucher number', [...seen, 'enterprise'], sealed), receiver_name: this.text('receiver of the fee', seen, sealed)
    }))
    this.number('fee-vouchers', fee.number, [...seen, 'enterprise'], sealed)
    const claim = await this.post(this.as('bank', 1), 'fileCompensationClaim', '/v1/compensation-claims', {
      claim_no: this.text('claim number', ['compensation claim']), guarantee_contract_no: contract.guarantee_contract_no, iou_no, default_date: '2026-03-02',
      default_principal: this.amount('defaulted', 100_000, ['compensation claim', 'breaker']), bank_notice_no: this.text('notice', ['compensation claim'])
    })
    this.number('compensation-claims', claim.claim_no, ['compensation claim'])
    this.canaries.learn(String(claim.number), `${this.side}: number of the claim`, this.readers(['compensation claim']))
    await this.post(guarantor, 'decideCompensationClaim', `/v1/compensation-claims/${String(claim.claim_no)}/decision`, {
      decision: 'ACCEPT', paid_date: '2026-03-23', reason: this.text('reason of the guarantor', ['compensation claim'])
    })
    await this.post(this.as('bank', 1), 'recordRecovery', `/v1/compensation-claims/${String(claim.claim_no)}/recoveries`, {
      recovery_no: this.text('recovery number', ['compensation claim']), date: '2026-03-23', gross: this.amount('recovered', 2000, ['compensation claim', 'breaker']), cost: '0.00'
    })
  }

  private async leasedAndInsured (sealed: readonly string[]): Promise<void> {
    const [lessor, insurer] = [this.as('lessor', 1), this.as('insurer', 1)]
    const leased = ['lease contract, rent voucher']
    const lease = await this.post(lessor, 'createLeaseContract', '/v1/lease-contracts', aLease(await this.document('lease', lessor), {
      lease_contract_no: this.text('lease number', [...leased, 'enterprise'], sealed), lessee_uscc: this.uscc, project_code: this.project_code, lease_start: '2026-01-21', lease_end: '2029-01-21',
      supplier_name: this.text('supplier', leased, sealed)
    }))
    this.number('lease-contracts', lease.number, leased, sealed)
    const rent = await this.post(lessor, 'createRentVoucher', '/v1/rent-vouchers', aRentVoucher(String(lease.lease_contract_no), await this.document('rent receipt', lessor, sealed), {
      voucher_no: this.text('rent voucher number', [...leased, 'enterprise'], sealed), period_start: '2026-01-21', period_end: '2026-03-21', normal_interest: '255666.67', paid_date: '2026-03-21',
      segments: [{ from: '2026-01-21', to: '2026-03-21', balance: '30000000.00', annual_rate_pct: '5.20' }], payer_account_name: this.name,
      bank_txn_no: this.text('rent transaction', leased, sealed)
    }))
    this.number('rent-vouchers', rent.number, [...leased, 'enterprise'], sealed)
    const insured = ['insurance policy']
    const policy = await this.post(insurer, 'createInsurancePolicy', '/v1/insurance-policies', aPolicy(await this.document('policy', insurer, sealed), {
      policy_no: this.text('policy number', [...insured, 'enterprise'], sealed), insured_uscc: this.uscc, product_name: this.text('product', insured, sealed),
      certificate_no: this.text('certificate', insured, sealed)
    }))
    this.number('insurance-policies', policy.number, [...insured, 'enterprise'], sealed)
  }

  told (): Told {
    return { side: this.side, numbers: this.numbers, bodies: this.bodies }
  }
}
