/** Creators: valid by default, override one field. */

/** Scopes, recipients and term of an authorization, without its grantor. */
export function aGrant (over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'],
    scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'SUBSIDY_ACCOUNT'],
    purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'],
    valid_from: '2026-03-18',
    valid_to: '2029-03-18',
    method: 'PORTAL_CONFIRM',
    ...over
  }
}

/** A financing need; a park or partner adds `uscc`. */
export function aNeed (over: Record<string, unknown> = {}): Record<string, unknown> {
  return { project_code: '2606-500112-07-02-100001', project_name: '精密加工线数字化改造', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', ...over }
}

/** A row of a list as JSON. */
export function aRow (over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: '重庆云岭精密机械有限公司（虚构）', uscc: '91500112MAXX00015Q', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', consent: true,
    project_code: '2606-500112-07-02-100001', project_name: '精密加工线数字化改造', ...over
  }
}

/** A renovation project. */
export function aProject (over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    project_code: '2606-500112-07-02-100001', name: '精密加工线数字化改造', nature: 'UPGRADE', filing_no: '2606-500112-07-02-100001', filing_date: '2026-01-20',
    total_investment: '12000000.00', land_cost: '0.00', ...over
  }
}
