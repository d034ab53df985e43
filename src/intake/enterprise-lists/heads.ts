import { columnLetter, type Column, type Columns, type Field } from './rows.ts'
import { compact, moneyUnitIn, termUnitIn, tidied } from './values.ts'
import type { Row, Sheet } from './cells.ts'

const HEAD_SEARCH_ROWS = 40
const HEAD_DEPTH_MAX = 3
const HEAD_FIELDS_MIN = 3
const GROUP_COLUMNS_MAX = 60
const HEAD_COLUMNS_MAX = 256

/** Words before a head that change nothing. */
const MONEY = '(?:拟|申请|计划|意向|预计|本次|企业)?'
const LOAN = '(?:融资|贷款|借款|授信|资金|用款|申贷|信贷)'

/** Heads by field, the surest first; matched against the whole head, cleaned. */
const HEADS: readonly (readonly [field: Field, patterns: readonly RegExp[]])[] = [
  ['name', [/^(?:企业|单位|公司)(?:名称|全称)$/u, /^(?:(?:申请|借款|融资|贷款|申报|所属)(?:企业|单位|人|主体)|市场主体|客户|法人)(?:名称|全称)?$/u,
    /^(?:(?:enterprise|company)(?:_?name)?|name)$/iu, /^(?:企业|公司)$/u]],
  ['uscc', [/^(?:企业)?统一(?:社会)?信用代码(?:证)?(?:号|号码)?$/u, /^(?:企业|社会)?信用代码(?:号)?$/u, /^统一社会信用代码[/或及(].*$/u, /^企业代码$/u,
    /^(?:uscc|(?:unified_?)?(?:social_?)?credit_?code)$/iu, /^(?:纳税人识别号|税号)$/u]],
  ['project_code', [/^(?:技改|投资|建设|备案)?项目(?:统一|备案|投资)?(?:代码|编码)(?:号)?$/u, /^(?:项目)?备案(?:项目)?(?:代码|编码|证?号)$/u, /^project_?code$/iu]],
  ['project_name', [/^(?:拟融资|拟实施|实施|技改|技术改造|投资|建设|备案|融资)?项目(?:名称|全称)$/u, /^project(?:_?name)?$/iu,
    /^(?:技改|技术改造|融资)?项目$/u]],
  ['amount', [new RegExp(`^${MONEY}${LOAN}(?:的)?(?:需求)?(?:总)?(?:金额|额度|总额|数额|规模|额)$`, 'u'),
    new RegExp(`^${MONEY}${LOAN}需求(?:量)?$`, 'u'), /^(?:需求|申请|拟贷|拟借)(?:总)?(?:金额|额度|款)$/u, /^amount(?:_(?:yuan|cny))?$/iu, /^(?:金额|额度)$/u]],
  ['term', [new RegExp(`^${MONEY}${LOAN}(?:需求)?(?:使用)?(?:期限|年限|期|时长|月数)$`, 'u'), /^(?:需求|申请|使用)?(?:期限|年限|时长|月数)$/u,
    /^term(?:_?months)?$/iu]],
  ['purpose', [new RegExp(`^${MONEY}${LOAN}(?:需求)?(?:主要|具体|使用)?(?:用途|投向|使用方向)(?:说明|描述)?$`, 'u'), /^(?:主要|具体|使用)?用途(?:说明|描述)?$/u, /^purpose$/iu]],
  ['demand_date', [/^(?:需求|申请|提出|填报|申报|登记|用款|融资需求)(?:提出)?(?:日期|时间)$/u, /^(?:拟|计划|预计|期望)?(?:用款|放款|融资|贷款|到位|提款)(?:日期|时间)$/u,
    /^(?:demand_?)?date$/iu, /^日期$/u]],
  ['consent', [/^(?:企业)?(?:是否|已否)(?:已|同意|签署|取得)*(?:企业)?(?:数据|信息)?(?:采集|共享|查询)?(?:授权|同意)(?:书)?$/u,
    /^(?:企业)?(?:数据|信息)?(?:采集|共享|查询)?(?:授权|同意)(?:书|情况|状态|与否)?(?:签署|是否签署)?(?:情况)?$/u, /^是否(?:已)?签署?(?:数据|信息)?(?:采集|查询)?授权(?:委托)?书$/u,
    /^(?:consent|authori[sz](?:ed|ation))$/iu]],
  ['industry', [/^(?:所属|国民经济|所在)?行业(?:分类|类别|门类)?(?:代码|编码|及代码)?$/u, /^industry(?:_?code)?$/iu]],
  ['park', [/^(?:所在|所属|入驻)?(?:园区|开发区|工业园区)(?:名称)?$/u, /^park(?:_?name)?$/iu]],
  ['qualifications', [/^(?:企业)?(?:科技|创新|荣誉)?(?:资质|称号|标签|荣誉|荣誉资质|资质荣誉|资质称号)(?:情况|认定)?$/u, /^(?:qualifications?|tags)$/iu]],
  ['contact_name', [/^(?:企业|项目|单位|融资)?联系人(?:姓名|员)?$/u,
    /^(?:企业|项目)?联系人(?:姓名)?(?:及|和|与|\/|、|,)?(?:联系)?(?:电话|方式|手机)(?:号码)?$/u, /^contact(?:_?name)?$/iu]],
  ['contact_phone', [/^(?:联系|企业|单位)?(?:电话|手机|手机号|座机)(?:号码?|码)?$/u, /^联系(?:人)?(?:方式|手机|手机号码?|电话号码)$/u, /^(?:contact_?)?phone$/iu]],
  ['employees', [/^(?:从业|职工|员工|用工|在职)(?:人员)?(?:人数|总数|数|数量)?$/u, /^employees$/iu]],
  ['revenue', [/^(?:上年|上年度|上一年度|年度|年|去年|\d{4}年)?(?:营业|主营业务|销售)(?:总)?收入$/u, /^revenue$/iu]],
  ['seq', [/^(?:序号|编号|行号|no\.?|#)$/iu]],
  ['remark', [/^(?:备注|说明|其他|remarks?)$/iu]]
]

/** Leaves that mean nothing without their group. */
const GENERIC = /^(?:名称|全称|代码|编码|号码|金额|额度|时间|日期|总额|情况|人数|期限|用途)$/u
const NOT_THE_NEED = /投资|资产|营收|收入|利润|产值|税|存量|现有|已获|已有|余额|抵押|自筹/u

export interface Head {
  first_row: number
  last_row: number
  columns: Columns
  /** required fields that two columns claim alike */
  ambiguous: { field: Field, columns: string[] }[]
}

/** A head without unit, hints in brackets, stars and punctuation. */
function cleaned (text: string): string {
  return compact(text).replace(/\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|【[^】]*】/gu, '')
    .replace(/[/:_](?:单位:?)?(?:人民币)?(?:[百千]?万元|亿元|千元|元|个月|月|年|万)$/u, '')
    .replace(/(?<=金额|额度|需求|期限|收入)(?:人民币)?(?:[百千]?万元|亿元|千元|元|个月|月|年)$/u, '')
    .replace(/^[*※★☆\d.、]+(?=\D)|[*※★☆:：?？。]+$/gu, '')
}

function fieldOf (head: string): { field: Field, rank: number } | null {
  if (head === '' || head.length > 40) return null
  for (const [field, patterns] of HEADS) {
    const rank = patterns.findIndex((pattern) => pattern.test(head))
    if (rank >= 0) return { field, rank }
  }
  return null
}

/** The heads of one column from top to bottom, merged groups spread over their columns. */
function stacks (sheet: Sheet, rows: readonly (Row | undefined)[], first_row: number): Map<number, string[]> {
  const found = new Map<number, string[]>()
  const columns = new Set(rows.flatMap((row) => [...row?.cells.keys() ?? []].filter((column) => column < HEAD_COLUMNS_MAX)))
  const spread = rows.map((row, depth) => {
    const texts = new Map([...row?.cells ?? []].map(([column, cell]) => [column, tidied(cell.text)]))
    for (const area of sheet.merges) {
      if (area.first_row !== first_row + depth || area.first_column === area.last_column) continue
      const text = texts.get(area.first_column)
      if (text === undefined) continue
      const last = Math.min(area.last_column, area.first_column + GROUP_COLUMNS_MAX)
      for (let column = area.first_column + 1; column <= last; column++) texts.set(column, text)
    }
    // Without merges a group's word stands over its first column only; blanks to its right belong to it where the row below has heads.
    const below = rows[depth + 1]
    if (below === undefined) return texts
    let group: string | undefined
    for (const column of [...columns].sort((a, b) => a - b)) {
      const text = texts.get(column)
      const own_row = first_row + depth
      const covered = sheet.merges.some((area) => area.first_column === column && area.first_row <= own_row && area.last_row > own_row)
      if (text !== undefined) group = covered ? undefined : text
      else if (group !== undefined && below.cells.has(column)) texts.set(column, group)
    }
    return texts
  })
  for (const column of columns) {
    const stack: string[] = []
    for (const texts of spread) {
      const text = texts.get(column)
      if (text !== undefined && text !== '' && stack.at(-1) !== text) stack.push(text)
    }
    found.set(column, stack)
  }
  return found
}

function claimOf (stack: readonly string[]): { field: Field, rank: number } | null {
  const leaf = cleaned(stack.at(-1) ?? '')
  if (stack.length === 1) return fieldOf(leaf)
  const above = stack.slice(0, -1).map(cleaned)
  const group = above.join('')
  const combined = fieldOf(group + leaf)
  if (combined !== null) return combined
  if (!GENERIC.test(leaf)) {
    const own = fieldOf(leaf)
    if (own !== null) return own
  } else if (NOT_THE_NEED.test(group)) return null
  else if (/企业|单位|公司|基本/u.test(group)) return fieldOf(`企业${leaf}`)
  else if (/融资|贷款|需求|资金/u.test(group)) return fieldOf(`融资${leaf}`)
  else if (/项目/u.test(group)) return leaf === '金额' ? null : fieldOf(`项目${leaf}`)
  // Below the head only its unit or a hint: “金额” over “（万元）”.
  const adds_nothing = leaf === '' || moneyUnitIn(leaf) !== null || termUnitIn(leaf) !== null || /^(?:必填|选填|可选|可不填|示例)/u.test(leaf)
  return adds_nothing ? fieldOf(above.at(-1) ?? '') : null
}

function isDataLike (row: Row): boolean {
  for (const cell of row.cells.values()) {
    if (cell.kind === 'DATE' || cell.kind === 'ERROR' || cell.kind === 'BOOLEAN') return true
    if (/^[0-9A-Z]{15,20}$/iu.test(compact(cell.text)) || /^\d{4}-\d{6}-/u.test(compact(cell.text))) return true
    if (cell.kind === 'NUMBER' && !/^\d{1,2}$/u.test(cell.text)) return true
  }
  return false
}

/** A row like 1 2 3 4 … or 甲 乙 丙 that only numbers the columns. */
function numbersColumns (row: Row | undefined): boolean {
  const texts = [...row?.cells.values() ?? []].map((cell) => compact(cell.text))
  if (texts.length < HEAD_FIELDS_MIN) return false
  const figures = texts.filter((text) => !/^[甲乙丙丁]$/u.test(text)).map((text) => text.replace(/^[(（](\d+)[)）]$/u, '$1'))
  return figures.length > 0 && figures.every((text, index) => index === 0 ? /^[01]$/u.test(text) : Number(text) === Number(figures[0]) + index)
}

function headAt (sheet: Sheet, rows: ReadonlyMap<number, Row>, first_row: number, depth: number): { head: Head, score: number } | null {
  const group = Array.from({ length: depth }, (_, index) => rows.get(first_row + index))
  if (group.some((row, index) => row === undefined || (index > 0 && isDataLike(row)))) return null
  const claims = new Map<Field, { rank: number, column: Column }[]>()
  let score = 0
  for (const [index, stack] of stacks(sheet, group, first_row)) {
    const claim = claimOf(stack)
    if (claim === null) {
      // In a deeper head a text that is no head shows that the row below is data already.
      if (depth > 1 && group.at(-1)?.cells.has(index) === true && fieldOf(cleaned(stack[0] ?? '')) !== null) score -= 2
      continue
    }
    const head = stack.join('/')
    const units = stack.toReversed()
    const unit_of = claim.field === 'term' ? termUnitIn : moneyUnitIn
    const named = claim.field === 'amount' && /^amount/iu.test(cleaned(stack.at(-1) ?? '')) ? '元' : null
    const unit = claim.field === 'amount' || claim.field === 'term' || claim.field === 'revenue'
      ? units.map(unit_of).find((one) => one !== null) ?? named : null
    const column: Column = { index, column: sheet.name === null ? String(index + 1) : columnLetter(index), head, unit }
    const before = claims.get(claim.field)
    if (before === undefined) {
      claims.set(claim.field, [{ rank: claim.rank, column }])
      score++
    } else before.push({ rank: claim.rank, column })
  }
  const columns: Columns = {}
  const ambiguous: Head['ambiguous'] = []
  for (const [field, claimed] of claims) {
    const best = Math.min(...claimed.map((one) => one.rank))
    const equal = claimed.filter((one) => one.rank === best)
    const chosen = equal[0]
    if (chosen !== undefined) columns[field] = chosen.column
    if (equal.length > 1 && REQUIRED.has(field)) ambiguous.push({ field, columns: equal.map((one) => one.column.column) })
  }
  return { head: { first_row, last_row: first_row + depth - 1, columns, ambiguous }, score }
}

const REQUIRED: ReadonlySet<Field> = new Set(['name', 'uscc', 'amount', 'term', 'purpose', 'consent'])

/**
 * The heads of a sheet: the row, or up to three rows, whose words name the most fields; titles and unit rows above are
 * passed over. null when no row names an enterprise and two facts more.
 */
export function findHead (sheet: Sheet): Head | null {
  const rows = new Map<number, Row>()
  for (const row of sheet.rows) {
    if (row.cells.size > 0) rows.set(row.number, row)
    if (rows.size > HEAD_SEARCH_ROWS + HEAD_DEPTH_MAX) break
  }
  const first = [...rows.keys()].slice(0, HEAD_SEARCH_ROWS)
  let best: { head: Head, score: number } | null = null
  for (const first_row of first) {
    for (let depth = 1; depth <= HEAD_DEPTH_MAX; depth++) {
      const found = headAt(sheet, rows, first_row, depth)
      if (found === null || found.score < HEAD_FIELDS_MIN) continue
      if (found.head.columns.name === undefined && found.head.columns.uscc === undefined) continue
      // Of equal heads the flatter: a title or unit line above is no part of it.
      const depth_of = (head: Head): number => head.last_row - head.first_row
      if (best === null || found.score > best.score || (found.score === best.score && depth_of(found.head) < depth_of(best.head))) best = found
    }
  }
  if (best === null) return null
  const { head } = best
  if (numbersColumns(rows.get(head.last_row + 1))) head.last_row++
  return head
}

/** Whether a later row only repeats the heads. */
export function repeatsHead (row: Row, columns: Columns): boolean {
  const filled = [...row.cells].filter(([, cell]) => cell.kind === 'TEXT')
  const same = filled.filter(([index, cell]) => Object.values(columns).some((column) =>
    column.index === index && column.head?.split('/').some((part) => compact(part) === compact(cell.text)) === true))
  return same.length >= HEAD_FIELDS_MIN && same.length * 2 > row.cells.size
}

/** Units that a sheet names outside its heads: “单位：万元”, “金额单位为万元，期限单位为月”. */
export function sheetUnits (lines: readonly string[]): { money: Set<string>, term: Set<'月' | '年'> } {
  const money = new Set<string>()
  const term = new Set<'月' | '年'>()
  for (const line of lines) {
    for (const match of compact(line).matchAll(/(?<!(?:填报|报送|编制|申报|所属|主管|填表|联系|负责))单位(?:均)?(?:为|是|[:：])?(人民币)?([^\s;；。]{1,24})/gu)) {
      for (const word of (match[2] ?? '').split(/[,、，/()]|和|及|单位[为是:：]/u)) {
        const unit = moneyUnitIn(word.replace(/^(?:金额|人民币|贷款|融资)[:：为]?/u, ''))
        if (unit !== null) money.add(unit)
        const span = termUnitIn(word.replace(/^期限[:：为]?/u, ''))
        if (span !== null) term.add(span)
      }
    }
  }
  return { money, term }
}
