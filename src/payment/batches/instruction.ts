/** The payment instruction: ISO 20022 pain.001.001.09 for the bank, a workbook for people. The same batch always gives the same bytes. */
import { workbookOf, xmlEscaped } from '../../intake/enterprise-lists/writing.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import type { PayeeAccount } from './accounts.ts'
import type { Batch, Payment, PaymentItem } from './store.ts'

export interface Instructed { payment: Payment, account: PayeeAccount, items: readonly PaymentItem[] }
export interface Debtor { name: string, uscc: string }

const name_max = 140
const remark_max = 140

const tag = (name: string, ...content: string[]): string => `<${name}>${content.join('')}</${name}>`
const text = (name: string, value: string, max: number): string => tag(name, xmlEscaped([...value].slice(0, max).join('')))
const other = (id: string, scheme?: string): string => tag('Othr', text('Id', id, 35), scheme === undefined
  ? '' : tag('SchmeNm', text('Prtry', scheme, 35)))

function party (name: string, uscc: string): string {
  return text('Nm', name, name_max) + tag('Id', tag('OrgId', other(uscc, 'USCC')))
}

function transaction ({ payment, account, items }: Instructed): string {
  const packets = new Set(items.map(({ packet_no }) => packet_no))
  return tag('CdtTrfTxInf',
    tag('PmtId', text('InstrId', payment.payment_no, 35), text('EndToEndId', payment.payment_no, 35)),
    tag('Amt', `<InstdAmt Ccy="CNY">${yuanOf(payment.amount_fen)}</InstdAmt>`),
    tag('CdtrAgt', tag('FinInstnId', tag('ClrSysMmbId', tag('ClrSysId', tag('Cd', 'CNAPS')), text('MmbId', account.cnaps_code, 35)),
      text('Nm', account.opening_bank_name, name_max))),
    tag('Cdtr', party(account.account_name, payment.payee_uscc)),
    tag('CdtrAcct', tag('Id', tag('Othr', text('Id', account.account_no, 34))), text('Nm', account.account_name, 70)),
    tag('RmtInf', text('Ustrd', `技改贴息（补助）${items.length}笔 资料包${packets.size}个 ${payment.payment_no}`, remark_max)))
}

/**
 * The batch as pain.001.001.09.
 *
 * @param day the day it is to be executed
 * Source: ISO 20022 CustomerCreditTransferInitiationV09; S2 (十三): 贴息资金直接拨付至企业账户.
 */
export function painOf (batch: Batch, debtor: Debtor, instructed: readonly Instructed[], day: string): string {
  const count = String(instructed.length)
  const sum = yuanOf(sumFen(instructed.map(({ payment }) => payment.amount_fen)))
  const treasury = `TREASURY-${batch.year}-${batch.fund_source}`
  return '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">' + tag('CstmrCdtTrfInitn',
    tag('GrpHdr', text('MsgId', batch.message_no, 35), tag('CreDtTm', batch.approved_at ?? batch.updated_at), tag('NbOfTxs', count),
      tag('CtrlSum', sum), tag('InitgPty', party(debtor.name, debtor.uscc))),
    tag('PmtInf',
      text('PmtInfId', batch.message_no, 35), tag('PmtMtd', 'TRF'), tag('BtchBookg', 'false'), tag('NbOfTxs', count), tag('CtrlSum', sum),
        tag('ReqdExctnDt', tag('Dt', day)),
      tag('Dbtr', party(debtor.name, debtor.uscc)), tag('DbtrAcct', tag('Id', tag('Othr', text('Id', treasury, 34)))),
        tag('DbtrAgt', tag('FinInstnId', other('NOTPROVIDED'))),
      tag('ChrgBr', 'SHAR'), ...instructed.map(transaction))) + '</Document>\n'
}

const heads = ['序号', '拨付编号', '收款方', '统一社会信用代码', '账号', '开户行', '联行号', '金额（元）', '抵扣追回（元）', '明细数']
const widths = [8, 34, 40, 22, 26, 36, 16, 18, 18, 10]

/** The same batch as a workbook with a sum line. */
export function workbookOfBatch (batch: Batch, instructed: readonly Instructed[]): Uint8Array {
  const rows = instructed.map(({ payment, account, items }, index) => [
    String(index + 1), payment.payment_no, account.account_name, payment.payee_uscc, account.account_no, account.opening_bank_name,
      account.cnaps_code, yuanOf(payment.amount_fen),
    yuanOf(payment.offset_fen), String(items.length)
  ])
  const total = ['合计', `${instructed.length} 笔`, '', '', '', '', '', yuanOf(sumFen(instructed.map(({ payment }) => payment.amount_fen))),
    yuanOf(sumFen(instructed.map(({ payment }) => payment.offset_fen))), '']
  const title = [`拨付批次 ${batch.batch_no}，${batch.year} 年 ${batch.fund_source}`]
  return workbookOf([{ name: '拨付清单', rows: [title, heads, ...rows, total], widths, head_rows: [2], frozen_rows: 2,
    text_columns: heads.map((_, index) => index), merges: ['A1:J1'], choices: [] }])
}
