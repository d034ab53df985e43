/** What a participant can be told of by webhook: the table behind the `webhooks` section of the contract. */
import Type from 'typebox'
import type { WebhookSpec } from '../http/openapi.ts'
import { InstantOut, named, No, nullable } from '../http/schema.ts'

/** room → prefix of the subject's number, then fact → meaning in both languages. */
const ROOMS: Readonly<Record<string, { readonly subject: string, readonly path: string | null, readonly facts: Readonly<Record<string, readonly [meaning: string, meaning_zh: string]>> }>> = {
  lead: {
    subject: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/leads/', facts: {
      pushed: ['A financing need was pushed to you', '收到融资需求线索'],
      acknowledged: ['A lead was acknowledged', '线索已签收'],
      contacted: ['The enterprise was contacted', '已对接企业'],
      due_diligence: ['Due diligence has begun', '开展尽职调查'],
      plan_submitted: ['A plan was submitted for approval', '方案已报批'],
      approved: ['A lead was approved', '审批通过'],
      rejected: ['A lead was refused', '审批未通过'],
      contract_signed: ['A contract was signed', '合同已签署'],
      disbursed: ['Money was disbursed', '贷款已发放'],
      paused: ['The clock of a lead is paused', '计时暂停'],
      resumed: ['The clock of a lead goes on', '计时恢复'],
      abandoned_by_enterprise: ['The enterprise gave up', '企业放弃'],
      withdrawn: ['A lead was withdrawn; delete what no law makes you keep', '授权撤回，线索终止'],
      expired: ['A lead has expired', '线索到期'],
      due_soon: ['A stage of the clock is due today', '阶段即将到期'],
      overdue: ['A stage of the clock is overdue', '阶段已超期'],
      escalated: ['A stage is overdue by a working day', '超期一个工作日，已上报'],
      rescheduled: ['Due days were counted anew by a new calendar', '日历更新，期限重算']
    }
  },
  financing_need: {
    subject: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/financing-needs/', facts: {
      submitted: ['A need was taken in', '融资需求已受理'],
      matched: ['A need was matched and reached nobody', '需求已匹配，暂无推送对象'],
      pushed: ['A need was pushed', '需求已推送'],
      withdrawn: ['A need was withdrawn', '需求已撤回']
    }
  },
  enterprise_list: {
    subject: 'list_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/enterprise-lists/', facts: {
      received: ['A list was received', '名单已接收'],
      decided: ['Every row of a list was decided', '名单已逐行判定'],
      refused: ['A list was refused as a whole', '名单整体退回'],
      row_decided: ['A held row was decided', '待确认行已处理']
    }
  },
  authorization: {
    subject: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/authorizations/', facts: {
      activated: ['An authorization is active', '授权生效'],
      withdrawn: ['An authorization was withdrawn', '授权已撤回']
    }
  },
  project: {
    subject: '2606-500112-07-02-100001', path: '/v1/projects/', facts: {
      submitted: ['A project was taken in', '项目已受理'],
      changed: ['A project was changed', '项目信息变更'],
      district_passed: ['The district passed a library entry', '区县初审通过'],
      listed: ['A project is listed in the library', '项目已入库'],
      rejected: ['A library entry was refused', '入库未通过']
    }
  },
  consortium: {
    subject: 'consortium_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/consortia/', facts: {
      applied: ['A consortium has applied', '联合体已申报'],
      reviewed: ['An application was reviewed', '申报已评审'],
      rejected: ['An application was refused', '申报未入选'],
      activated: ['A consortium is in force', '联合体生效'],
      change_proposed: ['A change waits for a second person', '变更待复核'],
      adjusted: ['A consortium was changed', '联合体已调整'],
      expired: ['A consortium has expired', '合作期满'],
      terminated: ['A consortium was ended', '合作终止']
    }
  },
  loan_contract: { subject: 'loan_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/loan-contracts/', facts: { accepted: ['A loan contract was taken in', '贷款合同已受理'] } },
  drawdown: { subject: 'draw_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/drawdowns/', facts: { accepted: ['A drawdown was taken in', '借据已受理'] } },
  lease_contract: { subject: 'lease_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/lease-contracts/', facts: { accepted: ['A lease contract was taken in', '租赁合同已受理'] } },
  guarantee_contract: { subject: 'guar_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/guarantee-contracts/', facts: { accepted: ['A guarantee contract was taken in', '保证合同已受理'] } },
  insurance_policy: { subject: 'pol_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/insurance-policies/', facts: { accepted: ['An insurance policy was taken in', '保单已受理'] } },
  interest_voucher: {
    subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/interest-vouchers/', facts: {
      accepted: ['An interest voucher was accepted', '付息凭证已采信'],
      held: ['An interest voucher is held with findings', '付息凭证待核'],
      superseded: ['An interest voucher was replaced by a correction', '付息凭证已更正']
    }
  },
  rent_voucher: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/rent-vouchers/', facts: { accepted: ['A rent voucher was accepted', '租金凭证已采信'] } },
  fee_voucher: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/fee-vouchers/', facts: { accepted: ['A fee voucher was accepted', '担保费凭证已采信'] } },
  evidence: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { reused: ['Evidence was used before; for the commission', '材料此前已被使用（市经信委核查）'] } },
  subsidy_account: {
    subject: 'acct_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/subsidy-accounts/', facts: {
      active: ['A subsidy account is active', '贴息账户生效'],
      pending: ['A change of the subsidy account waits', '贴息账户变更待确认']
    }
  },
  subsidy_line: {
    subject: 'line_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/subsidy-lines/', facts: {
      derived: ['A subsidy line was computed', '贴息明细已计算'],
      superseded: ['A subsidy line was replaced', '贴息明细已重算']
    }
  },
  subsidy_packet: {
    subject: 'pkt_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/subsidy-packets/', facts: {
      created: ['A packet was opened', '资料包已生成'],
      submitted: ['A packet was submitted', '资料包已提交'],
      assigned: ['A packet was given to an auditor', '资料包已分派审核'],
      asked: ['The auditor has a question', '审核机构提问'],
      answered: ['A question was answered', '问题已答复'],
      conclusion_prepared: ['A conclusion waits for a second person', '审核结论待复核'],
      audited: ['A packet was concluded on', '资料包审核完成'],
      returned: ['A packet was returned', '资料包退回'],
      approved: ['A packet was approved', '资料包已批准'],
      rejected: ['A packet was refused', '资料包未通过']
    }
  },
  payment_batch: {
    subject: 'batch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/payment-batches/', facts: {
      opened: ['A payment batch was opened', '拨付批次已建立'],
      closed: ['A payment batch was closed', '拨付批次已封账'],
      approved: ['A payment batch was approved', '拨付批次已批准'],
      sent: ['A payment batch was sent', '拨付指令已发送'],
      done: ['A payment batch is done', '拨付批次已办结']
    }
  },
  payment: {
    subject: 'pay_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      sent: ['A payment was sent', '款项已发起支付'],
      paid: ['A payment was made', '款项已到账'],
      returned: ['A payment was returned', '款项退票'],
      unknown: ['The result of a payment is not known; it is asked for', '支付结果待查'],
      reissued: ['A returned payment was issued again', '款项重新支付'],
      cancelled: ['A payment was cancelled', '支付取消']
    }
  },
  clawback: { subject: 'claw_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { opened: ['Money is claimed back', '发起追回'], settled: ['A claw-back is settled', '追回结清'] } },
  hold: { subject: 'hold_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { placed: ['A payment is held', '暂缓支付'], released: ['A hold was released', '暂缓解除'] } },
  compensation_claim: {
    subject: 'claim_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      filed: ['A compensation claim was filed', '代偿申请已提交'],
      accepted: ['A claim was accepted', '代偿申请已受理'],
      declined: ['A claim was declined', '代偿申请未通过'],
      paid: ['A claim was paid', '代偿已支付']
    }
  },
  breaker: { subject: 'guarantor-1:bank-1:2026', path: null, facts: { warning: ['A breaker is near its cap', '代偿率预警'], tripped: ['A breaker has tripped', '代偿熔断'] } },
  post_loan_report: { subject: 'plr_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { received: ['A post-loan report came in', '贷后报告已接收'] } },
  self_assessment: { subject: 'sa_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { submitted: ['A self-assessment came in', '自评估报告已报送'] } },
  calendar: { subject: 'cal_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { loaded: ['A table of working days was loaded', '工作日历已更新'] } },
  uscc_override: {
    subject: '91500112MAXX00016Q', path: null, facts: {
      proposed: ['A code that fails its check waits for a second person', '校验位不符代码登记待复核'],
      confirmed: ['A code that fails its check is accepted', '校验位不符代码登记生效'],
      ended: ['An override of a code has ended', '代码登记已终止']
    }
  },
  policy: {
    subject: 'TECH_RENO_LOAN', path: null, facts: {
      proposed: ['A version of a policy was proposed', '政策版本待确认'],
      confirmed: ['A version of a policy is confirmed', '政策版本已确认']
    }
  },
  regulator_case: {
    subject: 'read_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      read: ['A regulator read the figures of one enterprise with a case number', '监管部门凭案号查看了企业单案数据']
    }
  },
  webhook_endpoint: {
    subject: 'ep_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      tested: ['A test you asked for', '测试消息'],
      disabled: ['Another endpoint of yours was disabled', '另一回调地址已停用']
    }
  }
}

/** Rooms whose events can be chosen. */
export const EVENT_ROOMS: readonly string[] = Object.keys(ROOMS)

export const WebhookMessage = named('WebhookMessage', Type.Object({
  type: Type.String({ maxLength: 80, description: 'room.fact', examples: ['lead.pushed'] }),
  timestamp: InstantOut('When it was recorded'),
  data: Type.Object({
    event_no: No('evt', 'The same as webhook-id and as in the feed'),
    subject: Type.String({ maxLength: 120, description: 'Number of the thing it is about' }),
    link: nullable(Type.String({ maxLength: 300, description: 'Where the details are read, under live authorization' }))
  }, { description: 'Thin: details are pulled' })
}))

export const WebhookChallenge = named('WebhookChallenge', Type.Object({
  type: Type.String({ maxLength: 80, description: 'webhook_endpoint.challenge', examples: ['webhook_endpoint.challenge'] }),
  timestamp: InstantOut('When it was sent'),
  data: Type.Object({ challenge: No('chal', 'Send it back as the body or as { "challenge": … }; in the sandbox any 2xx will do') }, { description: 'The challenge' })
}))

const headers = 'Signed by Standard Webhooks 1.0: `webhook-id` (stable over retries), `webhook-timestamp`, `webhook-signature` with `v1` (HMAC-SHA256) and ' +
  '`v1a` (Ed25519). Answer 2xx within 15 seconds; anything else is tried again for about three days; 410 disables the endpoint. S1 四(三)3.'

/** Every webhook of the contract by type. */
export const webhook_specs: Readonly<Record<string, WebhookSpec>> = {
  ...Object.fromEntries(Object.entries(ROOMS).flatMap(([room, { subject, path, facts }]) => Object.entries(facts).map(([fact, [summary, summary_zh]]): [string, WebhookSpec] => {
    const type = `${room}.${fact}`
    const data = { event_no: 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W', subject, link: path === null ? null : path + subject }
    return [type, { summary, summary_zh, description: headers, schema: WebhookMessage, example: { type, timestamp: '2026-03-18T01:30:00.000Z', data } }]
  }))),
  'webhook_endpoint.challenge': {
    summary: 'A new address is asked to show that it wants to be called',
    summary_zh: '新回调地址的签名质询',
    description: `${headers} The answer carries the challenge.`,
    schema: WebhookChallenge,
    example: { type: 'webhook_endpoint.challenge', timestamp: '2026-03-18T01:30:00.000Z', data: { challenge: 'chal_01JB2Q8Z6V7K3M5N9P4R1S0T2W' } }
  }
}
