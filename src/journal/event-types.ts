/**
 * Every event that is ever appended: what the feed shows, what webhooks are sent of, what the contract lists. Nothing else
 * compiles, so an event cannot be missing here.
 */
interface EventRoom {
  /** a number such events are about, as an example */
  readonly subject: string
  /** where the details of its subject are read; null when nowhere */
  readonly path: string | null
  /** fact → meaning in both languages */
  readonly facts: Readonly<Record<string, readonly [meaning: string, meaning_zh: string]>>
}

/** What happens to every contract that an institution sends. @param an with its article; `zh` is the same in Chinese */
function contractFacts (an: string, zh: string) {
  return { accepted: [`${an} was taken in`, `${zh}已受理`], superseded: [`${an} was replaced by a correction`, `${zh}已更正`] } as const
}

/** What happens to every piece of evidence that may be held. @param an with its article; `zh` is the same in Chinese */
function evidenceFacts (an: string, zh: string) {
  return {
    accepted: [`${an} was accepted`, `${zh}已采信`],
    held: [`${an} is held with findings`, `${zh}待核`],
    released: [`${an} that was held is released`, `${zh}已放行`],
    rejected: [`${an} that was held is rejected`, `${zh}不予采信`],
    superseded: [`${an} was replaced by a correction`, `${zh}已更正`],
    reinstated: [`${an} is in force again: its correction was rejected`, `${zh}恢复有效（更正未获采信）`]
  } as const
}

export const EVENTS = {
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
      progress: ['A long list was read or taken in further', '名单处理进度'],
      decided: ['Every row of a list was decided', '名单已逐行判定'],
      refused: ['A list was refused as a whole', '名单整体退回'],
      row_decided: ['A held row was decided', '待确认行已处理']
    }
  },
  authorization: {
    subject: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/authorizations/', facts: {
      activated: ['An authorization is active', '授权生效'],
      superseded: ['An authorization was replaced by a later one', '授权已被新授权取代'],
      withdrawn: ['An authorization was withdrawn', '授权已撤回']
    }
  },
  project: {
    subject: '2606-500112-07-02-100001', path: '/v1/projects/', facts: {
      to_be_listed: ['A project that has begun waits for the library', '新开工项目待通过“技改e点通”入库'],
      submitted: ['A project was taken in', '项目已受理'],
      changed: ['A project was changed', '项目信息变更'],
      district_passed: ['The district passed a library entry', '区县初审通过'],
      listed: ['A project is listed in the library', '项目已入库'],
      rejected: ['A library entry was refused', '入库未通过']
    }
  },
  consortium: {
    subject: 'consortium_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/consortia/', facts: {
      agreed: ['Another one named in an application agrees to it', '共同申报方已确认'],
      expiring: ['A cooperation ends within ninety days', '合作期将于九十日内届满'],
      applied: ['A consortium has applied', '联合体已申报'],
      reviewed: ['An application was reviewed', '申报已评审'],
      rejected: ['An application was refused', '申报未入选'],
      activated: ['A consortium is in force', '联合体生效'],
      application_changed: ['An application was changed', '申报已变更'],
      change_proposed: ['A change waits for a second person', '变更待复核'],
      adjusted: ['A consortium was changed', '联合体已调整'],
      expired: ['A consortium has expired', '合作期满'],
      terminated: ['A consortium was ended', '合作终止']
    }
  },
  document: { subject: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/documents/', facts: { received: ['A document was uploaded', '文件已上传'] } },
  loan_contract: { subject: 'loan_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/loan-contracts/', facts: contractFacts('A loan contract', '贷款合同') },
  drawdown: { subject: 'draw_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/drawdowns/', facts: { ...contractFacts('A drawdown', '借据'), differs: ['A drawdown differs from what its lead was told', '借据与线索登记的放款不符'] } },
  lease_contract: { subject: 'lease_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/lease-contracts/', facts: contractFacts('A lease contract', '租赁合同') },
  guarantee_contract: { subject: 'guar_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/guarantee-contracts/', facts: contractFacts('A guarantee contract', '保证合同') },
  insurance_policy: { subject: 'pol_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/insurance-policies/', facts: evidenceFacts('An insurance policy', '保单') },
  interest_voucher: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/interest-vouchers/', facts: evidenceFacts('An interest voucher', '付息凭证') },
  rent_voucher: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/rent-vouchers/', facts: evidenceFacts('A rent voucher', '租金凭证') },
  fee_voucher: { subject: 'vch_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/fee-vouchers/', facts: evidenceFacts('A fee voucher', '担保费凭证') },
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
  budget: {
    subject: 'budget_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { decided: ['A budget was decided', '预算已下达'], changed: ['A budget was changed', '预算已调整'] }
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
      approved: ['A payment was approved', '款项已批准'],
      cancelled: ['An approved payment does not go out, because its payee changed the account; it follows in a later batch', '收款账户已变更，本笔款项不再发出，将列入后续批次'],
      paid: ['A payment was made', '款项已到账'],
      returned: ['A payment was returned', '款项退票'],
      unknown: ['The result of a payment is not known; it is asked for', '支付结果待查']
    }
  },
  clawback: {
    subject: 'claw_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      opened: ['Money is claimed back', '发起追回'],
      changed: ['The amount of a claw-back has changed', '追回金额调整'],
      settled: ['A claw-back is settled', '追回结清'],
      cancelled: ['A claw-back was cancelled', '追回取消']
    }
  },
  hold: { subject: 'hold_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { placed: ['A payment is held', '暂缓支付'], released: ['A hold was released', '暂缓解除'],
    escalated: ['A hold ends today or has stood for a month', '暂缓即将到期或已逾一个月'] } },
  compensation_claim: {
    subject: 'claim_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/compensation-claims/', facts: {
      fiscal_covered: ['The fiscal part that waited was drawn from the pool', '财政分担已由资金池列支'],
      filed: ['A compensation claim was filed', '代偿申请已提交'],
      prepaid: ['A claim was paid before its review', '代偿先行垫付'],
      decision_overdue: ['The day for the decision on a claim, or for the review of a prepayment, has passed', '代偿决定或垫付复核已逾期'],
      accepted: ['A claim was accepted', '代偿申请已受理'],
      declined: ['A claim was declined', '代偿申请未通过'],
      paid: ['A claim was paid', '代偿已支付'],
      recovered: ['Money was recovered', '追偿已入账']
    }
  },
  breaker: {
    subject: 'guarantor-1/bank-1/2026', path: null, facts: {
      warned: ['A breaker is near its cap', '代偿率预警'],
      tripped: ['A breaker has tripped', '代偿熔断'],
      recovered: ['A breaker is back to normal', '代偿率恢复正常']
    }
  },
  breaker_settlement: { subject: '2026', path: null, facts: { made: ['The breakers of a year were settled', '年度代偿率清算'] } },
  post_loan_report: {
    subject: 'plr_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: '/v1/post-loan-reports/', facts: {
      received: ['A post-loan report came in', '贷后报告已接收'],
      diversion_found: ['A loan was used for something else; payments are held', '发现挪用，暂缓支付']
    }
  },
  self_assessment: { subject: 'sa_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { submitted: ['A self-assessment came in', '自评估报告已报送'] } },
  calendar: { subject: 'cal_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: { loaded: ['A table of working days was loaded', '工作日历已更新'] } },
  policy: {
    subject: 'TECH_RENO_LOAN', path: null, facts: {
      proposed: ['A version of a policy was proposed', '政策版本待确认'],
      confirmed: ['A version of a policy is confirmed', '政策版本已确认']
    }
  },
  report: { subject: 'result_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
    made: ['A report asked for before can be fetched', '异步报表已生成'],
    failed: ['A report asked for before could not be made', '异步报表未能生成']
  } },
  institution_score: {
    subject: '2026Q1', path: '/v1/reports/three-one-clock?period=', facts: {
      ready: ['Your score of a quarter is ready; others see it later', '季度“3个1”评分已生成，先供本机构查看，其后公布']
    }
  },
  regulator_case: {
    subject: 'read_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      read: ['A regulator read the figures of one enterprise with a case number', '监管部门凭案号查看了企业单案数据']
    }
  },
  webhook_endpoint: {
    subject: 'ep_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      created: ['An endpoint was registered', '回调地址已登记'],
      verified: ['An address has answered its challenge', '回调地址已验证'],
      changed: ['An endpoint was changed', '回调地址已变更'],
      secret_rotated: ['An endpoint has a new secret', '签名密钥已轮换'],
      deleted: ['An endpoint was removed', '回调地址已删除'],
      tested: ['A test you asked for', '测试消息'],
      disabled: ['Another endpoint of yours was disabled', '另一回调地址已停用']
    }
  },
  webhook_network: {
    subject: 'net_01JB2Q8Z6V7K3M5N9P4R1S0T2X', path: null, facts: {
      proposed: ['A private network waits for a second person', '私有网段待复核'],
      opened: ['A private network was opened to webhooks', '私有网段已开放'],
      closed: ['A private network was closed', '私有网段已关闭']
    }
  },
  participant: {
    subject: 'bank-1', path: null, facts: {
      bootstrapped: ['A first participant was entered on the machine', '初始参与方已录入'],
      proposed: ['A participant waits for a second person', '参与方待复核'],
      activated: ['A participant is active', '参与方生效'],
      change_proposed: ['A change of a participant waits for a second person', '参与方变更待复核'],
      changed: ['A participant was changed', '参与方已变更'],
      suspended: ['A participant was suspended', '参与方已停用']
    }
  },
  uscc_override: {
    subject: '91500112MAXX00016Q', path: null, facts: {
      proposed: ['A code that fails its check waits for a second person', '校验位不符代码登记待复核'],
      confirmed: ['A code that fails its check is accepted', '校验位不符代码登记生效'],
      ended: ['An override of a code has ended', '代码登记已终止']
    }
  },
  client: { subject: 'bank-1', path: null, facts: { created: ['A client was made', '接入客户端已创建'] } },
  key: {
    subject: 'bank-1', path: null, facts: {
      registered: ['A public key waits for a second person', '公钥待复核'],
      activated: ['A public key is active', '公钥生效'],
      retired: ['A public key was retired', '公钥已停用']
    }
  }
} as const satisfies Readonly<Record<string, EventRoom>>

export type EventRoomName = keyof typeof EVENTS
/** Facts of one room. */
export type FactOf<R extends EventRoomName> = keyof typeof EVENTS[R]['facts'] & string
export type EventType = { [R in EventRoomName]: `${R}.${FactOf<R>}` }[EventRoomName]
