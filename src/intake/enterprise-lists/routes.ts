/** Operations on lists of enterprises. */
import type { FastifyInstance } from 'fastify'
import type { HubMode } from '../../config.ts'
import { answeredToday, operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import {
  DryRunQuery, json_example, ListAnswer, list_example, ListJson, ListPage, ListParams, ListQuery, ListReceived, ListSchema, ListUpload, received_example, RowDecisionBody, row_example,
  RowPage, RowParams, RowSchema, RowsQuery
} from './schema.ts'
import { annotatedList, decideRow, dryRun, readListOf, receiveList, shownRow, withWithdrawals } from './service.ts'
import { findRow, listLists, listRows, type EnterpriseList } from './store.ts'
import { listTemplate } from './template.ts'
import { readReceivedList } from './upload.ts'
import type { ListWork } from './working.ts'
import { XLSX_MEDIA_TYPE } from './writing.ts'

function shown (list: EnterpriseList, counts_only: boolean) {
  const { amount_accepted_fen, form: _form, content_key: _key, sent_by: _sent, reader: _reader, rows_total: _total, rows_found, rows_read, rows_taken_in, ...own } = list
  const rest = { ...own, progress: { rows_found, rows_read, rows_taken_in } }
  const amount_accepted = amount_accepted_fen === null ? null : yuanOf(amount_accepted_fen)
  if (!counts_only) return { ...rest, amount_accepted }
  return { ...rest, amount_accepted, sha256: null, file_name: null, bytes: null, declared_row_count: null, declared_amount: null, refusal: null, corrects: null, sheets: [] }
}

function download (bytes: Uint8Array, file_name: string) {
  return {
    status: 200,
    body: Buffer.from(bytes),
    headers: { 'content-type': XLSX_MEDIA_TYPE, 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file_name)}` }
  }
}

const workbook = { media: XLSX_MEDIA_TYPE, description: 'A workbook' } as const

export function enterpriseListRoutes (app: FastifyInstance, work: ListWork, { hub_mode }: { hub_mode: HubMode }): void {
  const { db } = work

  operation(app, { db }, {
    id: 'getListTemplate',
    method: 'GET',
    path: '/v1/enterprise-lists/template.xlsx',
    summary: 'Download the form of a list',
    summary_zh: '下载名单模板',
    description: 'A workbook with drop-downs, an example that is not read as data, and notes. S1 四(三)2.',
    callers: 'any',
    replies: { 200: workbook }
  }, async () => download(listTemplate(), '园区企业技术改造融资需求名单.xlsx'))

  operation(app, { db }, {
    id: 'sendEnterpriseList',
    method: 'POST',
    path: '/v1/enterprise-lists',
    summary: 'Send a list of enterprises with their needs',
    summary_zh: '报送企业名单及融资需求',
    description: 'A workbook or CSV as multipart, or JSON with 1 to 5000 rows. It is read in the background: poll the list until DECIDED or REFUSED. The same bytes ' +
      'again answer the first list. The signature over the whole, with its declared count, is the park\'s declaration for all its rows. S1 四(三)2: parks collect ' +
      'authorizations and push needs in batch.',
    callers: ['PARK'],
    signed: true,
    query: DryRunQuery,
    body: ListUpload,
    body_media: 'multipart/form-data',
    body_json: { schema: ListJson, example: json_example },
    replies: { 202: ListReceived, 200: ListAnswer },
    refuses: ['rule_broken'],
    example: { request: { file: '名单.xlsx', declaration: 'true', declared_row_count: '32' }, reply: { ...received_example, dry_run: false }, other_replies: { 202: received_example } }
  }, async call => {
    const received = await readReceivedList(call.request, hub_mode === 'production')
    if (call.query.dry_run === true) return { status: 200, body: await dryRun(work, call.principal, received, call.now) }
    await work.bodies.put(received.sha256, received.bytes)
    return call.decide(async (sql, now) => {
      const { list: { list_no, status, sha256 }, created } = await receiveList(sql, now, call.principal, received)
      const headers = { location: `/v1/enterprise-lists/${list_no}` }
      return created ? { status: 202, body: { list_no, status, sha256 }, headers } : { status: 200, body: { list_no, status, sha256, dry_run: false }, headers }
    }, received.content)
  })

  operation(app, { db }, {
    id: 'listEnterpriseLists',
    method: 'GET',
    path: '/v1/enterprise-lists',
    summary: 'List the lists of a park',
    summary_zh: '查询名单列表',
    description: 'Own lists of a park; MEIC sees counts only. S1 四(三)2.',
    callers: ['PARK', 'MEIC'],
    query: ListQuery,
    replies: { 200: ListPage },
    example: { reply: { items: [list_example], next_cursor: null } }
  }, async ({ principal, query }) => {
    const page = pageRequest('listEnterpriseLists', principal, query)
    const rows = await listLists(db.read, {
      park_no: principal.role === 'MEIC' ? null : principal.participant_no,
      status: query.status,
      updated_since: query.updated_since === undefined ? undefined : instantOf(instantMs(query.updated_since))
    }, page.after, page.limit + 1)
    const { items, next_cursor } = pageOf('listEnterpriseLists', principal, page, rows, list => list.list_no)
    return { status: 200, body: { items: items.map(list => shown(list, principal.role === 'MEIC')), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getEnterpriseList',
    method: 'GET',
    tagged: true,
    path: '/v1/enterprise-lists/{list_no}',
    summary: 'Show a list',
    summary_zh: '查询名单处理情况',
    description: 'State, counts, or why the file as a whole was refused and what to do. MEIC sees counts only. S1 四(三)2.',
    callers: ['PARK', 'MEIC'],
    params: ListParams,
    replies: { 200: ListSchema },
    example: { reply: list_example }
  }, async ({ principal, params }) => {
    const list = await readListOf(db.read, principal, params.list_no)
    return { status: 200, body: shown(list, principal.role === 'MEIC'), version: list.version }
  })

  operation(app, { db }, {
    id: 'listEnterpriseListRows',
    method: 'GET',
    path: '/v1/enterprise-lists/{list_no}/rows',
    summary: 'List the rows of a list',
    summary_zh: '查询名单各行结果',
    description: 'Every row in the order of the list with sheet, row, column, value, what is wrong and what to do. S1 四(三)2.',
    callers: ['PARK'],
    params: ListParams,
    query: RowsQuery,
    replies: { 200: RowPage },
    example: { reply: { items: [row_example], next_cursor: null } }
  }, async ({ principal, params, query }) => {
    const list = await readListOf(db.read, principal, params.list_no)
    const page = pageRequest(`listEnterpriseListRows ${list.list_no}`, principal, query)
    const rows = list.rows_total === null ? [] : await listRows(db.read, list.list_no, query.outcome, Number(page.after ?? '-1'), page.limit + 1)
    const { items, next_cursor } = pageOf(`listEnterpriseListRows ${list.list_no}`, principal, page, rows, row => String(row.position))
    return { status: 200, body: { items: (await withWithdrawals(db.read, items)).map(({ row, withdrawn }) => shownRow(row, withdrawn)), next_cursor } }
  })

  operation(app, { db }, {
    id: 'decideEnterpriseListRow',
    method: 'POST',
    path: '/v1/enterprise-lists/{list_no}/rows/{row_id}/decision',
    summary: 'Decide a held row',
    summary_zh: '处理暂缓行',
    description: 'A person of the park takes the row in as it stands, or leaves it out. A missing consent cannot be confirmed, only sent again. S1 四(三)2-3.',
    callers: ['PARK'],
    person: true,
    confidential: true,
    params: RowParams,
    body: RowDecisionBody,
    replies: { 200: RowSchema },
    refuses: ['state_conflict', 'decision_not_possible'],
    example: {
      request: { decision: 'CONFIRM', reason: '已与企业核实金额' },
      reply: {
        ...row_example, outcome: 'ACCEPTED_WITH_REMARK',
        decision: { decision: 'CONFIRM', reason: '已与企业核实金额', decided_by: 'park-1-user-1', decided_at: '2026-03-18T03:00:00.000Z' }
      }
    }
  }, async call => {
    const { list_no, row_id } = call.params
    const answer = await call.decide(async (sql, now) => ({ status: 200, body: shownRow(await decideRow(sql, now, call.principal, list_no, row_id, call.body, work.hooks)) }))
    return answeredToday(answer, async () => {
      const stored = await findRow(db.read, list_no, row_id)
      const [now] = await withWithdrawals(db.read, stored === undefined ? [] : [stored])
      return now?.withdrawn === true ? shownRow(now.row, true) : null
    })
  })

  operation(app, { db }, {
    id: 'getAnnotatedList',
    method: 'GET',
    path: '/v1/enterprise-lists/{list_no}/annotated.xlsx',
    summary: 'Download a list with its findings',
    summary_zh: '下载批注后的名单',
    description: 'The workbook as it was sent, with three columns more: outcome, what is wrong, what to do. S1 四(三)2.',
    callers: ['PARK'],
    params: ListParams,
    replies: { 200: workbook },
    refuses: ['state_conflict']
  }, async ({ principal, params }) => download(await annotatedList(work, principal, params.list_no), `${params.list_no}.xlsx`))
}
