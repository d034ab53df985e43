/** Examples of the contract; invented enterprises. */
const at = '2026-03-18T02:00:00.000Z'
const enterprise = {
  uscc: '91500112MAXX00015Q', name: '重庆云岭精密机械有限公司（虚构）', region_code: '500157', industry_code: 'C3670', size_class: 'SMALL', tags: ['HIGH_TECH']
}
const financing_need = {
  amount: '5000000.00', term_months: 36, purpose: '数控机床设备更新', purpose_code: 'EQUIPMENT_PURCHASE', demand_date: '2026-05-01', wants_guarantee: true,
  wants_lease: false, contact_name: '示范联系人', contact_phone: '13800000000'
}
const project = { project_code: '2606-500112-07-02-100001', project_name: '精密加工产线技术改造（虚构）', investment: '12000000.00', project_stage: 'UNDER_CONSTRUCTION', cluster: '智能装备及智能制造' }
const released = { ...enterprise, ...financing_need, ...project }
const sources = Object.fromEntries(Object.keys(released).map(field => [field, 'park-1']))
const remarks = { sources, unknown_rules: ['E-07'], fast_track: 'EQUIPMENT_ONLY' }
const stage = (due_date: string, due_at: string) => ({ due_date, due_at, done_at: null, overdue: false, gross_ms: null, net_ms: null })

export const lead_example = {
  lead_no: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X', status: 'PUSHED', pushed_at: at, version: 1, updated_at: at, need_no: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  recipient_kind: 'BANK', expires_at: '2026-06-16T02:00:00.000Z', ended_at: null, authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', fields_released: Object.keys(released),
  sla: {
    contact: stage('2026-03-19', '2026-03-19T16:00:00.000Z'), plan_and_approval: stage('2026-03-26', '2026-03-26T16:00:00.000Z'),
    disbursement: stage('2026-04-02', '2026-04-02T16:00:00.000Z'), calendar_version: '2026.1', calendar_provisional: false, paused: false, pauses: []
  },
  ...released, ...remarks, disclosure: { enterprise, financing_need, project, ...remarks }
}
export const new_event_example = { type: 'CONTACTED', occurred_at: '2026-03-19T10:20:00+08:00', channel: 'VISIT', person: '示范客户经理', result: '企业有意向，约定补充财务资料' }
export const event_example = {
  lead_event_no: 'lev_01JB2Q8Z6V7K3M5N9P4R1S0T2Y', lead_no: lead_example.lead_no, recorded_at: '2026-03-19T02:30:00.000Z', user_no: 'bank-1-user-1', overdue: false,
  ...new_event_example, occurred_at: '2026-03-19T02:20:00.000Z'
}
export const overdue_example = {
  lead_no: lead_example.lead_no, need_no: lead_example.need_no, recipient_no: 'bank-1', recipient_kind: 'BANK', status: 'PUSHED', pushed_at: at, stage: 'CONTACT',
  due_at: '2026-03-19T16:00:00.000Z', overdue_by_ms: 36_000_000, paused: false
}
export const need_clock_example = {
  contact: { due_date: '2026-03-19', done_at: '2026-03-18T06:00:00.000Z', overdue: false }, plan_and_approval: { due_date: '2026-03-25', done_at: null, overdue: false },
  disbursement: { due_date: '2026-04-01', done_at: null, overdue: false }, calendar_provisional: false
}

export const recipient_example = {
  need_no: lead_example.need_no, participant_no: 'bank-1', recipient_kind: 'BANK', outcome: 'PUSHED', reason: 'Paired with the park by a consortium in force',
  reason_zh: '与该园区结对，联合体在有效期内', lead_no: lead_example.lead_no, decided_at: at, stage: 'CONTACTED', stage_since: '2026-03-19T02:30:00.000Z'
}
